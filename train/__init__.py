"""Training of the models: data -> model -> fit -> evaluate -> export, and workflows made of these steps."""
