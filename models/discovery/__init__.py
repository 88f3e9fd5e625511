"""Discovery: what is unusual in a collection of images, what kinds there are, and what people think of it."""
