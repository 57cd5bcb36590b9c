# leaves:
# Threads of OpenMP, processes of joblib.
from joblib import Parallel, delayed
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.ensemble import RandomForestClassifier
from sklearn.model_selection import cross_val_score


def square(n):
    return n * n


if __name__ == "__main__":
    features, classes = load_iris(return_X_y=True)
    forest = RandomForestClassifier(n_estimators=20, random_state=0, n_jobs=2)
    assert cross_val_score(forest, features, classes, cv=3).mean() > 0.9
    assert KMeans(3, n_init=2, random_state=0).fit(features).inertia_ < 90
    assert Parallel(n_jobs=2)(delayed(square)(n) for n in range(8)) == [n * n for n in range(8)]
    print("works")
