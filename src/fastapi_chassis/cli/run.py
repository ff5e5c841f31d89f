"""`chassis run`: builds the application and serves it."""

from time import perf_counter

from fastapi_chassis.app import recipe_of, serve
from fastapi_chassis.cli.banner import print_banner
from fastapi_chassis.cli.options import Serving, Source
from fastapi_chassis.cli.output import reported
from fastapi_chassis.cli.target import blueprint_of, load_target

HINT = "exit 2 · chassis run --trace shows the stack · chassis doctor looks at the environment"


def run_application(source: Source, serving: Serving) -> None:
    """Serves an application until a signal ends it.

    Args:
        source: which one, and how it is configured.
        serving: where and in how many processes.
    """
    began = perf_counter()
    with reported("the application could not start", trace=source.trace, hint=HINT):
        application = load_target(source.target)
    with reported(f"{application.name} could not start", trace=source.trace, hint=HINT):
        blueprint = blueprint_of(source, **serving.arguments())
        recipe = recipe_of(application, blueprint)
        serve(application(blueprint), recipe=recipe, on_ready=print_banner, began=began)
