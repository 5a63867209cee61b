"""Error messages for a name or an id that does not exist, shared by all routes."""

NO_CARTERA = "Esa cartera no existe: vea GET /api/v1/carteras."
NO_STATUS = "Ese estado no existe: vea GET /api/v1/case-statuses."
NO_GESTOR = "Ese gestor no existe: vea GET /api/v1/users/gestores."
