"""Pure decisions about held orders: `projecting` follows the holds, `closing` completes and fulfils, `cutting` shares out
what is missing."""
