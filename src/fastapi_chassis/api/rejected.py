"""Where a request keeps why its token was refused: a protected route tells, a public one answers anyway."""

REJECTED = "chassis.rejected"
