"""ONNX Runtime on the CPU, and nothing about faces: `manifest`, `store`, `session`."""
