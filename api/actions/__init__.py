"""What people do: one act = one function = one transaction = one journal line."""
