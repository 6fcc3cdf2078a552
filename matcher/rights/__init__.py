"""What happens to a family after it is kept: reviews, deletion, files past their time, confirmations, the rights of people."""
