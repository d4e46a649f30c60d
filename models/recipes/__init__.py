"""One recipe for each shipped model, named like the model's folder."""
