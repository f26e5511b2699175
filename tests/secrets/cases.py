"""Planted secrets, and what only looks like one.

A case per line: what it is in, and the text. `text` is a log, a traceback or a command; `key` is a
setting or a parameter; anything else is the name of a file in a diff. A secret stands between « and
»; a dot · is left out, so that no scanner takes this file for a leak; ⏎ begins a new line.
"""

PLANTED = """
text | git clone https://ann:«hunter22»@example.org/lab/thesis.git
text | sqlalchemy.exc.OperationalError: postgresql+psycopg2://ann:«s3cr·et!pw»@db.example.org:5432/runs
text | redis://:«hunter22»@localhost:6379/0
text | https://«gh·p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3hJ6»@github.com/lab/data
text | https://oauth2:«gl·pat-aB3dE6gH9jK2mN5pQ8sT»@gitlab.example.org/lab/data.git
text | GET https://api.example.org/v1/data?access_token=«hunter22fake»&page=2
text | https://bucket.s3.amazonaws.com/a.csv?X-Amz-Algorithm=AWS4&X-Amz-Signature=«9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08»
text | https://account.blob.core.windows.net/c/a.parquet?sv=2022-11-02&sig=«hTn%2BfakeFAKE1234567890abcdEFGH%3D»
text | https://maps.example.org/tiles?key=«AIz·aSyD3fakeFAKE1234567890abcdefghijkl»
text | requests.exceptions.HTTPError: 401 for url: https://example.org/get?api_key=«0a1b2c3d4e»
text | https://storage.googleapis.com/b/o?X-Goog-Signature=«0123456789abcdef0123456789abcdef»
text | https://example.org/download?token=«kq83hfs92m»&file=a.csv
text | Authorization: Bearer «kq83hfs92mzzq»
text | Authorization: Basic «YW5uOmh1bnRlcjIy»
text | Proxy-Authorization: Basic «YW5uOmh1bnRlcjIy»
text | > X-Api-Key: «0a1b2c3d4e5f»
text | Cookie: «sessionid=kq83hfs92m; theme=dark»
text | set-cookie: «session=kq83hfs92mzzq; Path=/»
text | headers = {'Authorization': 'Bearer «kq83hfs92mzzq»', 'Accept': '*/*'}
text | {'X-Auth-Token': '«kq83hfs92mzzq»', 'n': 3}
text | DEBUG curl -u ann:«hunter22» https://example.org/data
text | curl --user 'ann:«hunter22»' -o a.csv https://example.org
text | curl -H "Authorization: token «kq83hfs92mzzq»" https://example.org
text | mysql -u ann -p«hunter22» runs
text | mysqldump --user=ann -p«hunter22» runs > a.sql
text | sshpass -p «hunter22» ssh ann@example.org
text | docker login -u ann -p «hunter22» registry.example.org
text | PGPASSWORD=«hunter22» psql -h db.example.org runs
text | train.py --password «swordfish» --epochs 3
text | train.py --api-key=«swordfish» --epochs 3
text | huggingface-cli login --token «hf_·aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3h»
text | wandb login «0123456789abcdef0123456789abcdef01234567»
text | redis-cli -h db -a «hunter22» ping
text | labkart run db.password=«swordfish» seed=1
text | labkart run api.token=«swordfish» model=forest
text | Server=db.example.org;Database=runs;Uid=ann;Pwd=«swordfish»;
text | Driver={SQL Server};Server=x;UID=ann;PWD=«Sw0rd_fish»
text | Driver={ODBC Driver 18};Server=h;Uid=u;Pwd={«p@ss;w0rd»}
text | Driver={ODBC Driver 18};Server=h;Uid=u;Pwd={«swordfish»};Encrypt=yes
text | jdbc:sqlserver://h:1433;user=ann;password={«a}}b;c»};encrypt=true
text | mssql+pyodbc:///?odbc_connect=DRIVER%3D%7BODBC%7D%3BPWD%3D«%7Bp%40ss%3Bw%7D»%3BUID%3Dann
text | mssql+pyodbc:///?odbc_connect=UID%3Dann%3BPWD%3D«swordfish»&timeout=3
text | Pwd=«secret1»;
a.py | DSN = "DRIVER={PostgreSQL Unicode};SERVER=h;UID=u;PWD={«swordfish»}"
text | パスワードが「«hunter22»」でした
text | DefaultEndpointsProtocol=https;AccountName=lab;AccountKey=«ZmFrZUZBS0VmYWtlRkFLRWZha2VGQUtFZmFrZUZBS0VmYWtlRkFLRWZha2VGQUtFZmFrZUZBS0VmYWtlRkFLRQ==»;EndpointSuffix=x
text | host=db.example.org user=ann password=«swordfish» dbname=runs
text | ValueError: login failed for ann with password: «hunter2»
text | RuntimeError: wrong password: «hunter22»
text | KeyError: the api key is «kq83hfs92m»
text | API key: «kq83hfs92m»
text | access token = «kq83hfs92m»
text | password: «swordfish»
text | export WANDB_API_KEY=«swordfish»
text | OPENAI_API_KEY=«sk-·proj-aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0»
text | found «AK·IA2FAKE3FAKE4FAKE5» in the log
text | using «xo·xb-123456789012-123456789012-fakeFAKEfakeFAKE» to post
text | パスワード: «hunter22»
text | パスワードは «hunter22» です
text | 暗証番号: «4711»
text | {"username":"ann","key":"«0123456789abcdef0123456789abcdef»"}
text | {"password": "«swordfish»", "port": 5432}
text | <password>«swordfish»</password>
text | <add key="ApiKey" value="«swordfish»"/>
text | jwt «ey·JhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.fakeSIGNATURE-fakeSIGNATURE_00»
text | db.example.org:5432:runs:ann:«hunter22»
text | Connect(user='ann', passwd='«swordfish»')
text | openssl rsa -in key.pem -passin pass:«swordfish»
key | db.password = «swordfish»
key | db.pass = «swordfish»
key | credential = «swordfish»
key | pin = «4711»
key | card_pin = «123456»
key | パスワード = «swordfish»
key | 暗証番号 = «4711»
key | データベースのパスワード = «ひらけごま»
key | DB_PASSWORD = «swordfish»
key | dbPassword = «swordfish»
key | pgpassword = «swordfish»
key | smtp.pwd = «swordfish»
key | aws_secret_access_key = «fake/FAKE+fake/FAKE+fake/FAKE+fake/FAKE+»
key | client_secret = «swordfish»
key | api_key = «x1»
key | apiKey = «swordfish»
key | X-Api-Key = «swordfish»
key | HF_TOKEN = «swordfish»
key | githubToken = «swordfish»
key | slack.bot_token = «kq83hfs92m»
key | token = «kq83hfs92mzzq48d»
key | api.token = «swordfish»
key | wandb.key = «0123456789abcdef0123456789abcdef01234567»
key | openai.api_key_value = «swordfish»
key | password_prod = «swordfish»
key | API_KEY_OPENAI = «swordfish»
key | secrets.zenodo = «swordfish»
key | credentials.ours = «swordfish»
key | passphrase = «correct horse battery staple»
key | passWord = «swordfish»
key | ssh_pass = «swordfish»
key | password2 = «swordfish»
key | authorization = Bearer «kq83hfs92mzzq»
key | note = «gh·p_aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3hJ6»
key | url = postgres://ann:«hunter22»@db/runs
key | dsn = Server=x;Uid=ann;Pwd=«swordfish»
key | pwd = «12345678»
key | private_key = «kq83hfs92mzzq48d»
key | access_code = «4711»
a.py | login(token="«kq83hfs92mzzq»")
a.py | login("«kq83hfs92mzzq»")
a.py | huggingface_hub.login(token="«hf_·aB3dE6gH9jK2mN5pQ8sT1vW4yZ7bC0fG3h»")
a.py | wandb.login(key="«0a1b2c3d4e5f»")
a.py | client = OpenAI(api_key='«swordfish»')
a.py | openai.api_key = "«swordfish»"
a.py | def connect(user, password="«swordfish»"):
a.py | password: str = "«swordfish»"
a.py | password = luigi.Parameter(default="«swordfish»")
a.py | db_password = gokart.StrParameter("«swordfish»")
a.py | api_key: str = field(default="«swordfish»", repr=False)
a.py | parser.add_argument("--password", type=str, default="«swordfish»")
a.py | os.environ["HF_TOKEN"] = "«swordfish»"
a.py | token = os.environ.get("API_TOKEN", "«swordfish»")
a.py | secret = os.getenv('LAB_SECRET') or '«swordfish»'
a.py | requests.get(url, auth=("ann", "«swordfish»"))
a.py | HTTPBasicAuth("ann", "«swordfish»")
a.py | headers = {"Authorization": f"Bearer «kq83hfs92mzzq»"}
a.py | if password == "«swordfish»":
a.py | if "«swordfish»" == self.password:
a.py | api_key = (⏎+    "«swordfish»"⏎+)
a.py | engine = create_engine("postgresql://ann:«hunter22»@db.example.org/runs")
a.py | conn = pyodbc.connect("DRIVER=x;UID=ann;PWD=«swordfish»;")
a.py | conn = psycopg2.connect("host=db user=ann password=«swordfish» dbname=runs")
a.py | PIN = «4711»
a.py | # the password is «hunter22»
a.py | subprocess.run(["curl", "-u", "ann:«hunter22»", url])
a.py | client.set_password("«hunter22»")
a.yaml | password: «swordfish»
a.yaml | pass: «swordfish»
a.yaml | db: {user: ann, password: «swordfish»}
a.yaml | api_key: "«swordfish»"  # ours
.env | DB_PASSWORD=«sword fish»
.env | export OPENAI_API_KEY=«swordfish»
.netrc | machine example.org login ann password «swordfish»
.netrc |   password «swordfish»
.pypirc | password = «swordfish»
a.sh | mysql -u ann -p«swordfish» < a.sql
a.sh | export API_TOKEN="«swordfish»"
a.toml | token_secret = "«swordfish»"
a.ini | passwd = «swordfish»
a.ipynb |    "login(token=\\"«kq83hfs92mzzq»\\")\\n",
a.ipynb |    "db_password = \\"«swordfish»\\"\\n",
a.ipynb |       "password: «hunter22»\\n"
a.ipynb |    "!curl -u ann:«hunter22» https://example.org\\n"
a.ipynb |    "%env WANDB_API_KEY=«swordfish»\\n"
a.md | Log in with password: `«hunter22»`
text | pip install --index-url https://__token__:«py·pi-fake-abc123»@pkgs.example.org/simple study
text | amqp://guest:«Gu3st!word»@rabbit:5672//
text | mongodb+srv://ann:«tr0ub4dor»@cluster0.example.net/?retryWrites=true
text | wget "https://zenodo.example/record/1/files/a.csv?token=«eyfakeabc123def456»"
text | https://s3.example.org/b/k?AWSAccessKeyId=AKfake&Signature=«vjbyPxybdZaNmGa%2ByT272YEAiv4%3D»&Expires=1141889120
text | https://user.blob.example/c?se=2026-01-01&sp=r&sig=«Z%2FRHIX5Xcg0Mq2rqI3OlWTjEg2tYkboXr1P9ZUXDtkk%3D»
text | curl -s -H 'X-API-KEY: «q8w7e6r5t4y3»' https://api.example.org
text | Authorization: Bearer «ya·29.fake-abcDEF123»
text | "authorization": "Basic «dXNlcjpwYXNzd29yZA==»"
text | Cookie: «csrftoken=abcd1234efgh; sid=xyz»
text | urllib3.exceptions.MaxRetryError: Max retries exceeded with url: /v1?apikey=«zz91kq83hfs9»
text | ConnectionError: could not connect to mysql://root:«toor123»@127.0.0.1/db
text | http proxy http://proxyuser:«pr0xypw»@proxy.example.org:3128
text | export AWS_SECRET_ACCESS_KEY=«abcdEFGH1234abcdEFGH1234abcdEFGH1234abcd»
text | SLACK_WEBHOOK=«https://ho·oks.slack.com/services/T0FAKE000/B0FAKE000/fakefakefakefakefakefake»
text | labkart run store.pass=«geheim99» model=mlp
text | labkart run -m api_key=«geheim99» seed=0,1
text | docker run -e MYSQL_ROOT_PASSWORD=«toor123» mysql
text | sudo mysql --password=«toor123» -e 'show tables'
text | kaggle config: {"username": "ann", "key": "«89abcdef0123456789abcdef01234567»"}
text | invalid password: '«geheim99»'
text | Your token is «abc123def456ghi789»
text | user=ann;pwd=«geheim99»;timeout=3
text | Bearer «eyJfake12.abc34.def56»
text | telegram bot «123456789:A·AfakeFAKEfakeFAKEfakeFAKEfakeFAKEab» started
text | glpat «glpat-·fakeFAKEfakeFAKE1234»
text | SG key «SG·.fakeFAKEfakeFAKEfakeFA.fakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKE123»
text | アクセストークン: «abc123def456»
text | PIN: «9021»
text | ssh password is «geheim99»
key | mlflow.tracking_password = «geheim»
key | minio_secret = «geheim»
key | auth.password = «geheim»
key | notify.line_token = «Zk39fjA81kdLQp02mXc7»
key | zenodo_access_token = «geheim99»
key | wifiPassword = «geheim»
key | KAGGLE_KEY = «89abcdef0123456789abcdef01234567»
key | encryption_key = «geheim»
key | ftp.passwd = «geheim»
key | cred = «geheim»
key | user_password_plain = «geheim»
key | 秘密鍵 = «geheim»
key | DBパスワード = «geheim»
key | door_pin = «9021»
key | gitlab_pat = «glpat-·fakeFAKEfakeFAKE1234»
key | sshPassphrase = «geheim satz»
key | database_url = mysql://root:«toor123»@db/x
key | db.auth = postgres://a:«toor123»@db
a.py | s3 = boto3.client("s3", aws_secret_access_key="«abcdEFGH1234abcdEFGH1234abcdEFGH1234abcd»")
a.py | TOKEN = "«q8w7e6r5t4y3u2i1o0pa»"
a.py | os.environ.setdefault("WANDB_API_KEY", "«geheim99»")
a.py | @click.option("--api-token", default="«geheim99»")
a.py | session.headers["X-Api-Key"] = "«geheim99»"
a.py | session.auth = ("ann", "«geheim»")
a.py | class Fetch(Task):\\n+    password: str = luigi.Parameter(default="«geheim»")
a.py | config = dict(host="x", passwd="«geheim»")
a.py | requests.get("https://example.org/d?access_token=«q8w7e6r5t4»")
a.yaml | hf_token: «geheim99»
a.yaml | url: https://ann:«geheim»@example.org
.env | POSTGRES_PASSWORD="«geheim»"
.env | SECRET=«geheim»
.netrc | machine api.example.org login ann password «geheim»
a.sh | curl -u "ann:«geheim»" https://example.org
a.sh | PGPASSWORD='«geheim»' psql
a.ipynb |       "api_key = '«geheim99»'\\n"
a.ipynb |     "Token: «q8w7e6r5t4y3u2i1»\\n",
a.json | "client_secret": "«geheim»",
a.R | Sys.setenv(OPENAI_API_KEY = "«geheim99»")
a.toml | password = "«geheim»"
text | jdbc:mysql://db:3306/runs?user=ann&password=«swordfish»
text | curl -d "username=ann&password=«swordfish»" https://example.org/login
text | mount -t cifs //nas/share /mnt -o username=ann,password=«swordfish»
text | curl -b "session=«kq83hfs92mzzq48d»" https://example.org
text | setenv API_TOKEN «swordfish9»
text | git config --global user.password «swordfish9»
text | aws configure set aws_secret_access_key «abcdEFGH1234abcdEFGH1234abcdEFGH1234abcd»
text | npm config set //registry.example.org/:_authToken «kq83hfs92mzzq48d»
text | Logging in as ann with password «swordfish9»
text | az login --service-principal -u x -p «swordfish9» --tenant y
text | twine upload -u __token__ -p «swordfish9» dist/*
text | unrar x -p«swordfish» data.rar
text | ldapsearch -x -D cn=admin -w «swordfish» -b dc=x
text | ssh-keygen -t rsa -N "«swordfish»" -f id
text | echo «swordfish» | sudo -S apt install x
text | https://«discord.com/api/webhooks/123456789012345678/fakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfakeFAKEfake»
text | パスワード「«hunter22»」
text | ログインパスワードは«hunter22»です
text | APIキーは «kq83hfs92mzzq» です
text | トークン: «kq83hfs92mzzq48d»
key | APIキー = «swordfish9»
key | bearer = «kq83hfs92mzzq48d»
key | otp = «123456»
key | tokens.hf = «Zk39fjA81kdL»
a.py | zf.setpassword(b"«swordfish»")
a.py | cookies = {"session": "«kq83hfs92mzzq48d»"}
.env | TOKEN=«kq83hfs92mzzq»
.pgpass | localhost:*:*:ann:«swordfish»
Dockerfile | ENV DB_PASSWORD «swordfish9»
Makefile | DB_PASSWORD ?= «swordfish»
a.py | TOKENS = {"github": "«q8w7e6r5t4y3»", "db": "«hunter2x9»"}
a.py | PASSWORDS = {"ann": "«geheim»", 'bob': '«swordfish»', "n": 3}
a.py | SECRETS = dict(lab="«hunter2x9»", host="lab1.example.org")
a.py | api_keys: dict[str, str] = {⏎+    "first": "«hunter2x9»",⏎-    "first": "«hunter2x8»",⏎+}
a.json | {"secrets": {"lab": "«hunter2x9»"}, "n": {"a1": "b2c3d4"}}
a.yaml | secrets:⏎   db: «hunter2x9»⏎+  lab: "«swordfish»"⏎ host: lab1x2
a.yaml | credentials:  # ours⏎+⏎+  # the lab's⏎+  - lab: «hunter2x9»⏎+n: hunter2x9
text | diff --git a/conf/lab.yaml b/conf/lab.yaml⏎@@ -7,3 +7,3 @@ secrets:⏎   user: ann1x2⏎-  lab: «hunter2x8»⏎+  lab: «hunter2x9»⏎@@ -70 +70 @@ other:⏎+  lab: hunter2x9
text | passwords:⏎  ann: «hunter2x9»⏎  file: lab1x2
a.yaml | - name: DB_PASSWORD⏎+  value: «hunter2x9»⏎+- name: N⏎+  value: hunter2x9
a.yaml |   - name: "API_TOKEN"⏎+    value: "«q8w7e6r5t4y3»"
a.json | [{"name": "DB_PASSWORD", "value": "«hunter2x9»"}, {"name": "N", "value": "hunter2x9"}]
a.py | headers = {"Authorization": "Bearer " + "«x8w7e6r5t4y3»"}
a.py | auth = 'Bearer ' + f'«x8w7e6r5t4y3»'
text | git clone https://«0a9f8e7d6c5b4a39281706f5e4d3c2b1a09f8e7d»:x-oauth-basic@github.com/lab/x.git
text | curl -sSLu ann:«hunter22» https://a.example
text | mysql -h db -u root -p'«swordfish»' runs
text | smbclient //nas/share -U ann%«swordfish»
text | htpasswd -b .htpasswd ann «swordfish»
text | echo «swordfish» | docker login --username ann --password-stdin
text | wandb login --relogin «89abcdef0123456789abcdef0123456789abcdef»
text | dvc remote modify --local origin secret_access_key «fakeFAKE0000fakeFAKE0000»
text | setx GITHUB_TOKEN «kq83hfs92mzzq»
text | curl -H 'X-Api-Key:«swordfish»' https://a.example
text | 認証キー「«kq83hfs92mzzq»」
text | 暗証番号は «4711» です
text | トークンは«kq83hfs92mzzq48d»
text | token was «kq83hfs92mzzq»
text | npm token «np·m_fakeFAKEfakeFAKEfakeFAKEfakeFAKE0000»
key | vault.token = «kq83hf»
key | registration_token = «kq83hfs92mzz»
key | mfa_code = «123456»
a.py | HfApi(token="«kq83hfs92mzzq»")
a.py | setattr(cfg, "password", "«swordfish»")
a.py | mlflow.log_param("api_key", "«swordfish»")
a.py | keyring.set_password("lab", "ann", "«swordfish»")
a.py | dsn = f"postgresql://ann:«swordfish»@{host}/runs"
a.js | fetch(`https://a.example?api_key=«hunter9»&n=${n}`)
a.yaml | url: mysql://ann:«swordfish»@{{ host }}/runs
a.sh | TOKEN="«q8w7e6r5»"
a.sh | export DB_PASSWORD="${DB_PASSWORD:-«swordfish»}"
Dockerfile | ARG TOKEN=«q8w7e6r5»
a.sql | CREATE USER ann WITH PASSWORD '«swordfish»';
a.sql | ALTER USER ann IDENTIFIED BY '«swordfish»';
"""

LOOKALIKES = """
a.py | c = "Driver={ODBC Driver 18};" f"Uid={user};Pwd={pwd};"
a.py | c = f"Driver={{ODBC Driver 18}};Uid={user};Pwd={pwd}"
a.py | f"PASSWORD={x}"
a.py | f"PASSWORD={x!r};Uid={user}"
a.php | "password={$this->password};"
text | Driver={ODBC Driver 18};Server=h;Pwd={};
text | commit 0123456789abcdef0123456789abcdef01234567
text | index 83db48f..bf269f4 100644
text | data/raw/wine.csv md5 9e107d9d372bb6826bd81d3542a419d6
text | run 123e4567-e89b-12d3-a456-426614174000 finished
text | sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
text | https://wheels.example.org/packages/aa/bb/9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f0/numpy-2.1.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl
text | epoch 3 token accuracy 0.93 tokens/s 15321
text | loaded meta-llama/Llama-3.1-8B-Instruct in 3.2 s
text | max_tokens=512 pad_token=<pad> eos_token=</s>
text | tokenizer: bert-base-uncased-whole-word-masking
text | File "/home/ann/study/src/study/tasks/train_password_model.py", line 12, in run
text | KeyError: 'password'
text | TypeError: connect() missing 1 required positional argument: 'password'
text | Enter password:
text | password: required
text | ValueError: password: must have at least eight characters
text | invalid API key: unauthorized
a.py | assert union["pass"] == "passthrough"
text | 12 passed, 3 failed, passes: 12
text | pass 1: 0.93
text | author: Ann Smith <ann@example.org>
text | pinned numpy==2.1.0
text | google-auth==2.40.3
text | detect-secrets==1.5.0
text | requests-oauth2==1.0rc1
text | signal: SIGTERM, signature: (x, y) -> z
text | labkart run secretion_model=hill,michaelis
text | labkart run task=secretary_problem n_secretaries=100
text | pwd=/home/bob
text | PWD=/home/bob/study OLDPWD=/home/bob
text | https://example.org/path?page=2&sort=name&key=value
text | http://8.8.8.8:5000/#/experiments/1
text | git@github.com:lab/thesis.git and ssh://git@github.com/lab/thesis.git
text | mailto:ann@example.org
text | mysql -u ann -p runs
text | curl -o data.csv https://example.org/data.csv
text | train.py --password-file /run/secrets/db --token-count 3
text | train.py --pin-memory --keypoints 17
text | monkey=see keyboard=us keyframes=24
text | ACCAGTGTAGCATTGACCATGACCA ACCAGTGTAGCATTGACCAT MKAKIAFLLGHTRRSTEENWYVVKLMN
text | iVBORw0KGgoAAAANSUhEUgAAASwAAACWCAYAAABkW7XSAAAAOXRFWHRTb2Z0d2FyZQBNYXRwbG90bGliIHZl
text | RandomForestClassifier_n_estimators_300_max_depth_None_2026-11-29T09-30-00
text | checkpoint-2026-11-29_epoch=12-val_loss=0.1234567890123.ckpt
text | basic statistics: mean 0.3, basic auth is off
text | bearer of news
text | the secret of success: practice
text | パスワードの長さ: 12
text | トークン数: 512
text | cookie: consent dialog skipped
text | NCBI accession AP012345 and AC_000001, APCalculusStudentsOfTheYear
text | ModelCheckpointCallbackXYZ.config.some_very_long_attribute_name_here
text | [2026-11-29 09:30:00,123] INFO labkart.tasks.task: Train finished
text | password=*** seed=1
text | connect(user, password=password)
text | self.api_key = api_key
text | uuid=550e8400-e29b-41d4-a716-446655440000 etag="9e107d9d372bb6826bd81d3542a419d6"
text | cache key: 9e107d9d372bb6826bd81d3542a419d6
text | s3://bucket/train/part-00000-9f86d081-884c-7d65-9a2f-eaa0c55ad015.snappy.parquet
text | 10.1038/s41586-020-2649-2 arXiv:2005.14165v4
text | jax.random.PRNGKey(0), key = jax.random.split(key)
text | 日本語のログ: 認証に成功しました
key | secretion_model = hill
key | secretary_problem = true
key | problem = secretary_problem
key | password_dataset = rockyou-2021
key | pwd = /home/bob
key | api_key_env = OPENAI_API_KEY
key | auth_token_type = bearer
key | token_count = 12345
key | max_tokens = 512
key | tokenizer = bert-base-uncased
key | tokenizer_name = gpt2
key | author = Ann Smith
key | authors = 3
key | passes = 3
key | n_passes = 12
key | pin_memory = true
key | pinned = true
key | layer = PassThrough
key | key = patient_id
key | primary_key = patient_id
key | keys = a,b,c
key | pad_token = [PAD]
key | eos_token = </s>
key | mask_token = <mask>
key | stop_token = END
key | special_tokens.cls = [CLS]
key | token = the
key | low_pass = 0.5
key | high_pass = 30
key | bandpass = 1-40
key | first_pass = coarse
key | password_length = 8
key | use_password = true
key | password_file = /run/secrets/db
key | password = ${oc.env:DB_PASSWORD}
key | password = null
key | api_key = OPENAI_API_KEY
key | credentials_path = ~/.config/gcloud/credentials.json
key | credentials.user = ann
key | credentials.host = db.example.org
key | secret_sharing.scheme = shamir
key | public_key = ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIFakeFakeFakeFakeFakeFake
key | compass = north
key | passenger_class = 3
key | passport_country = JP
key | signature = v2
key | significance = 0.05
key | sigma = 0.1
key | keyword = password
key | keypoints = 17
key | cookie_policy = strict
key | session = 3
key | gpio_pin = 17
key | spin = up
key | opinion = positive
key | code = JP
key | country_code = 81
key | hash = 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
key | commit = 0123456789abcdef0123456789abcdef01234567
key | cache_key = 9e107d9d372bb6826bd81d3542a419d6
key | model = mistral7binstructv02
key | url = https://example.org/data.csv
key | トークン数 = 512
key | パスワードの長さ = 12
key | secretLevel = high
key | next_token = word
key | password_policy.min_length = 12
a.py | password = getpass.getpass("Password: ")
a.py | api_key = os.environ["OPENAI_API_KEY"]
a.py | token = tokenizer.encode("hello world")
a.py | columns = ["user", "password", "email"]
a.py | df.rename(columns={"pass": "passed", "key": "id"})
a.py | def f(password: str, api_key: str | None = None) -> None:
a.py | parser.add_argument("--password", help="the password of the database")
a.py | key = "patient_id"
a.py | for key, value in sorted(table.items()):
a.py | raise ValueError("password must not be empty")
a.py | url = f"postgres://{user}:{password}@{host}"
a.py | tokens = ["hello", "world"]
a.py | from study.secrets import secretion_rate
a.py | secret_sharing = "shamir"
a.py | print("token:", token, "key:", key)
a.py | self.password_field = "login-password"
a.py | db.connect(user, password=password)
a.py | loader = DataLoader(dataset, pin_memory=True)
a.py | query = "SELECT password FROM users WHERE key=%s"
a.py | assert token == "the"
a.py | headers = {"Authorization": f"Bearer {token}"}
a.py | class PassThrough(nn.Module):
a.yaml | api_key_env: OPENAI_API_KEY
a.yaml | auth_token_type: bearer
a.yaml | password: ${oc.env:DB_PASSWORD}
a.yaml | pin_memory: true
a.yaml | token: word
a.sh | PASSWORD=$(cat file)
a.sh | export API_KEY=$KEY
uv.lock | { url = "https://a.example/b.whl", hash = "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08", size = 15181 },
uv.lock | name = "keyring"
a.ipynb |    "image/png": "iVBORw0KGgoAAAANSUhEUgAAASwAAACWCAYAAABkW7XSAAAAOXRFWHRTb2Z0d2FyZQ==",
a.md | The password dataset is described in docs/password.md.
text | Downloading https://huggingface.co/bert-base-uncased/resolve/main/tokenizer.json
text | 2026-11-29T09:30:00Z [info] token_embeddings.weight: torch.Size([30522, 768])
text | cls_token=[CLS] sep_token=[SEP] unk_token=[UNK]
text | key=value pairs: a=1 b=2
text | HTTP 401 Unauthorized: token expired
text | error: secret not found in vault
text | Saved to outputs/cache/TrainForest_0f343b0931126a20f133d67c2b018a3b.pkl
text | lightning_logs/version_3/checkpoints/epoch=9-step=1000.ckpt
text | git+https://github.com/lab/study.git@0123456789abcdef0123456789abcdef01234567
text | numpy @ https://files.example.org/numpy-2.0.0-cp311-cp311-macosx_11_0_arm64.whl
text | Passing parameters by keyword: n_jobs=4
text | bypass=True compass=12 trespass=0
text | two-pass algorithm, one pass over 10000 rows
text | assert_key_error: KeyError('token')
text | author_id=12345678 authority=ncbi
text | credit_score=720 credibility=0.93
text | pinch=0.2 pine_forest=oak pinning=1
text | cookiecutter=2.6.0 cookies.txt missing
text | signature mismatch: expected (float, float)
text | secretome analysis of SECRETED proteins: 1200
text | accuracy=0.9876543210987654321
text | doi:10.5281/zenodo.1234567
text | /data/users/ann/password-strength/passwords_10k.txt
text | C:\\\\Users\\\\ann\\\\keys\\\\public.pem
text | ssh-keygen -t ed25519 -f ~/.ssh/id_ed25519
text | SHA1:2fd4e1c67a2d28fced849ee1bb76e7391b93eb12
text | uv run python -m study --key-size 2048
text | password policy: at least 12 characters
text | 鍵: 公開鍵
text | トークナイザ: bert
text | docker run -p 5000:5000 mlflow
text | mkdir -p outputs/cache
text | zip -r data.zip data
text | basic auth required
text | -----BEGIN CERTIFICATE REQUEST (none)
key | tokens_per_second = 153
key | tokenization = bpe
key | bos_token_id = 1
key | key_dim = 64
key | num_key_value_heads = 8
key | sort_key = date
key | secrete = insulin
key | secretory_pathway = classical
key | password_strength_model = zxcvbn
key | n_passwords = 10000
key | pass_rate = 0.93
key | passband = 1-40
key | pin_count = 40
key | pinhole = 0.5
key | authors_file = data/authors.csv
key | auth = none
key | auth_method = oauth2
key | credential_type = service_account
key | token_ids = [1, 2, 3]
key | image_token = <image>
key | access_level = public
key | api_version = v1
key | cookie_jar = cookies.txt
key | dataset_key = imagenet-2012
key | answer_key = data/raw/answers.csv
key | foreign_keys = user_id
key | jwt_algorithm = HS256
key | secret_count = 12
key | signature_columns = a,b
key | bucket = s3://lab-data/train
key | checkpoint = 0f343b0931126a20f133d67c2b018a3b
a.py | token = tokens[i]
a.py | key, subkey = jax.random.split(key)
a.py | password = input("Password: ")
a.py | api_key: str | None = None
a.py | cfg.password = None
a.py | df["token"] = df["text"].str.split()
a.py | keys = sorted(d, key=lambda item: item[1])
a.py | st.text_input("Password", type="password")
a.py | secret_word = random.choice(words)
a.py | login(user)
a.py | pass  # nothing to do
a.py | token = Token(text="the", kind="word")
a.py | {"key": "name", "value": "Ann"}
a.py | schema = {"password": str, "pin": int}
a.yaml | password_min_length: 12
a.yaml | keyboard: us
a.yaml | tokenizer: {name: bert-base-uncased, max_tokens: 512}
a.md | Set `OPENAI_API_KEY` in your shell.
a.ipynb |    "execution_count": 12, "id": "a1b2c3d4",
text | pin: GPIO17
text | パスワード: 必須
text | 秘密鍵: なし
text | パスワードは8文字以上にしてください
text | キー: sample_01
text | キーワード: transformer2017
text | pip config set global.index-url https://example.org
text | grouped with key A1B2C3
text | mount -o ro,key=1
text | session: 20261129-093000-main
key | pass = forward
key | session_key = ses-02
key | user_key = user_id2
key | client_key = client7
key | project_key = proj42x
key | my_token = hello1
key | keys.db = col1
key | key_root = C4
a.yaml | secrets: inherit
a.py | TOKENS = {"cls": "[CLS]", "train": "train2x9", "n": "hunter2x9"}
a.py | KEYS = {"patient": "id2x9", "db": "col1"}
a.py | SECRETS = {"santa": "ann", "scope": "read", "user": "ann1x2"}
a.py | API_KEYS = {"openai": "OPENAI_API_KEY", "hf": os.environ["HF_TOKEN"]}
a.py | tokens = {word: count for word in text}
a.py | tokens = {⏎     "a": 1,⏎@@ -7 +7 @@⏎+other = {"db": "hunter2x9"}
a.py | credentials = {"file": "~/.config/a1.json", "type": "oauth2x9"}
a.yaml | secrets:⏎+  token:⏎+    required: true⏎+  url: ${{ secrets.URL }}⏎+db: hunter2x9
a.yaml | secrets:⏎+  - db_password⏎+  - source: ./a1.txt
a.yaml | tokens:⏎+  cls: "[CLS]"⏎+  model: bert2x9
a.yaml |     secrets: inherit⏎+    db: hunter2x9
a.yaml | - name: DB_PASSWORD⏎+  valueFrom:⏎+    secretKeyRef: {name: db2x9, key: password}
a.yaml | - name: password_dataset⏎+  value: rockyou2021
text | Token:⏎  length: 12x9⏎  cls: a1b2c3
text | secrets:⏎2026-11-29 lab: hunter2x9
a.py | header = "Bearer " + token
a.py | text = "bearer" + "of news"
text | cache hit: key=Load_0f343b0931126a20f133d67c2b018a3b
text | cache key: 0a1b2c3d4e5f
text | 暗証番号: 4桁
a.py | table = pd.read_sas("a.sas7bdat")
a.py | url = "https://example.org/data?key=patient1&sort=asc"
a.py | url = f"https://example.org/data?token={token}"
a.py | mlflow.set_tag("key", "value1")
a.yaml | # password: see the safe
a.sh | : "${API_KEY:?set it}"
a.toml | not-secrets = ["door_pin"]
a.toml | secrets = ["lab.codename", "lab_*"]
a.yaml | secrets: [db_password, api_token]
"""
