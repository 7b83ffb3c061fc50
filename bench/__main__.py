"""`make bench`: every benchmark, one after the other; each runs alone as `python -m bench.<name>`."""

from bench import links, track

if __name__ == "__main__":
    for benchmark in (links, track):
        print(f"\n## {benchmark.__name__}\n")
        benchmark.main()
