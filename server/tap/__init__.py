"""TAP 1.1: synchronous and asynchronous queries, uploads, and the documents that describe the service."""
