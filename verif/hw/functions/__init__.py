"""Functions between products against golden's."""
