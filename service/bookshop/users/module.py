"""What the feature users is made of."""

from bookshop.users.auth_routes import auth, login_form
from bookshop.users.behaviors import retry_conflicts
from bookshop.users.commands import EndLogins, LogIn, LogOut, RefreshTokens
from bookshop.users.handlers import appoint_administrator, change_profile, get_me, get_user, sign_up
from bookshop.users.login_handlers import LogInHandler, end_logins, list_logins, log_out, refresh_tokens
from bookshop.users.model import ADMINISTRATOR, User
from bookshop.users.providers import login_providers
from bookshop.users.repository import LoginRepository, UserRepository
from bookshop.users.routes import users as users_router
from bookshop.users.tables import users
from bookshop.versions import versioned
from fastapi_chassis.app import ServiceModule

users_module = ServiceModule(
    "users",
    routers=(login_form, *versioned(auth, users_router)),
    handlers=(
        sign_up,
        change_profile,
        appoint_administrator,
        get_me,
        get_user,
        LogInHandler,
        refresh_tokens,
        log_out,
        end_logins,
        list_logins,
    ),
    repositories=(UserRepository, LoginRepository),
    tables={User: users},
    providers=login_providers(),
    permissions=ADMINISTRATOR | {"users:appoint"},
    behaviors={
        LogIn: (retry_conflicts,),
        RefreshTokens: (retry_conflicts,),
        LogOut: (retry_conflicts,),
        EndLogins: (retry_conflicts,),
    },
)
