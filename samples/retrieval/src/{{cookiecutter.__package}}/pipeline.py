"""The pipeline: which task feeds which, and which settings of conf/ each one gets."""

from labkart import make
from omegaconf import DictConfig

from .tasks.evaluate import Evaluate
from .tasks.index import IndexBm25, IndexLsa, IndexTfidf
from .tasks.retrieve import Retrieve
from .tasks.tokenise import Tokenise

MODELS = {"bm25": IndexBm25, "tfidf": IndexTfidf, "lsa": IndexLsa}


def pipeline(cfg: DictConfig) -> Evaluate:
    """Lay out the tasks of one experiment and return the last one."""
    documents = make(Tokenise, cfg.documents)
    topics = make(Tokenise, cfg.topics)
    index = make(MODELS[cfg.model.name], cfg.model.params, documents=documents)
    ranking = make(Retrieve, cfg.retrieve, index=index, topics=topics)
    return make(Evaluate, cfg.evaluate, ranking=ranking)
