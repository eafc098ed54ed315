"""What points are good for: offers, vouchers and their tokens, fines and fees."""
