"""Stage 4: from a run to measures, their means and their values per topic."""

import ir_measures
import pandas as pd
from gokart import TaskInstanceParameter
from ir_measures import AP, RR, P, nDCG
from labkart import DataFile, Task

from .retrieve import Retrieve

MEASURES = {"ndcg_10": nDCG @ 10, "map": AP, "mrr": RR, "precision_5": P @ 5}


class Evaluate(Task[pd.DataFrame]):
    """Compare a run with the judgements; the output has one row per topic."""

    ranking: TaskInstanceParameter[Retrieve] = TaskInstanceParameter(expected_type=Retrieve)
    qrels: DataFile = DataFile()

    def run(self) -> None:
        qrels = list(ir_measures.read_trec_qrels(str(self.qrels)))
        ranking = list(ir_measures.read_trec_run("\n".join(self.load(self.ranking)) + "\n"))
        per_topic = pd.DataFrame()
        for name, measure in MEASURES.items():
            values = ir_measures.iter_calc([measure], qrels, ranking)
            per_topic[name] = pd.Series({value.query_id: value.value for value in values})
            self.log_metric(name, float(per_topic[name].mean()))
        per_topic = per_topic.sort_index().rename_axis("topic")
        self.log_table("per_topic", per_topic)
        self.dump(per_topic)
