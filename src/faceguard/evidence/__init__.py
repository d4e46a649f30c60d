"""What an auditor or a guardian asks of the record: policy and log together, no pixels."""
