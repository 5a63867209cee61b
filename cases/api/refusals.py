"""What is said of a name or an id that is not there, wherever it was given."""

NO_CARTERA = "Esa cartera no existe: vea GET /api/v1/carteras."
NO_STATUS = "Ese estado no existe: vea GET /api/v1/case-statuses."
NO_GESTOR = "Ese gestor no existe: vea GET /api/v1/users/gestores."
