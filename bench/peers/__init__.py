"""Those beside whom this library is measured, each as it is meant to be used."""
