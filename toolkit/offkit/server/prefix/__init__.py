"""PREFIX: its generations, what each holds, and the ways back and out."""
