"""Lists the experiments, one line each."""

from experiments.options import summaries

if __name__ == "__main__":
    for name, summary in summaries().items():
        print(f"python -m experiments.{name:18} {summary}")
