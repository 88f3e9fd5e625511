"""What is it: classes of sources from their features, with honest probabilities."""
