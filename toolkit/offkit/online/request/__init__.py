"""What is asked for, whatever form it comes in."""
