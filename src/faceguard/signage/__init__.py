"""Notice -> what people read: the sign at the camera and the full text behind its QR code. Needs the extra `notice`."""
