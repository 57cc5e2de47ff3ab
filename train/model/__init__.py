"""Networks: architectures, losses, weights of others, devices."""
