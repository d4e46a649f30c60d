"""Subject -> Decision: policies, notices, consents and the engine. No pixels, no models, no clock."""
