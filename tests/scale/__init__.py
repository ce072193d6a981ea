"""What "without limit" means, in numbers; each full test has a small twin."""
