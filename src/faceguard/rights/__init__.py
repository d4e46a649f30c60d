"""What people may ask for, carried out: which outputs show whom, requests and their deadlines, retention, breaches."""
