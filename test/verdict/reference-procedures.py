"""Writes reference-procedures.json: the statistics of src/verdict, computed by other hands.

    pip install scipy statsmodels mpmath
    python test/verdict/reference-procedures.py > test/verdict/reference-procedures.json

Nothing here is taken from src/: intervals come from statsmodels and SciPy, the restricted estimates of the score test from
a numerical root of the likelihood (mpmath, 40 digits), the boundaries of planned looks from recursive numerical
integration (Armitage, McPherson and Rowe 1969).
"""
import json
import sys

import mpmath as mp
import numpy as np
import scipy
import statsmodels
from scipy import optimize, stats
from statsmodels.stats.meta_analysis import combine_effects
from statsmodels.stats.proportion import (
    confint_proportions_2indep,
    proportion_confint,
    test_proportions_2indep,
)

mp.mp.dps = 40
ALPHA = 0.05


def interval_rows():
    """x, n, alpha a side, then Clopper-Pearson and Wilson ends (statsmodels)."""
    rows = []
    for x, n in [(0, 15000), (1, 20000), (12, 5000), (37, 60000), (300, 600000), (4990, 5000), (5000, 5000)]:
        for alpha in (0.05, 0.025):
            beta = proportion_confint(x, n, alpha=2 * alpha, method="beta")
            wilson = proportion_confint(x, n, alpha=2 * alpha, method="wilson")
            low, high = float(beta[0]), float(beta[1])
            # statsmodels puts the whole error on the open side where x is 0 or n: ours keeps alpha a side, so its end is
            # the Beta quantile itself.
            if x == 0:
                low, high = 0.0, float(stats.beta.isf(alpha, 1, n))
            if x == n:
                low, high = float(stats.beta.ppf(alpha, n, 1)), 1.0
            rows.append([x, n, alpha, low, high, float(wilson[0]), float(wilson[1])])
    return rows


def newcombe_rows():
    """x1, n1, x2, n2, alpha a side, low, high (statsmodels, method "newcomb")."""
    rows = []
    for x1, n1, x2, n2 in [(70, 100000, 50, 100000), (56, 70, 48, 80), (780, 600000, 300, 600000), (15, 2000, 4, 1900)]:
        low, high = confint_proportions_2indep(x1, n1, x2, n2, compare="diff", method="newcomb", alpha=2 * ALPHA)
        rows.append([x1, n1, x2, n2, ALPHA, float(low), float(high)])
    return rows


def score_rows():
    """x1, n1, x2, n2, delta, q1, q2, Z: Poisson likelihood under q1 = q2 + delta, by a root of its derivative.

    The last column is statsmodels' score statistic with the binomial estimate (Miettinen and Nurminen): the two agree for
    rare events, to some thousandths.
    """
    rows = []
    cases = [
        (70, 100000, 50, 100000, 0.0002),
        (12, 20000, 14, 21000, 0.0002),
        (780, 600000, 300, 600000, 0.0002),
        (300, 600000, 300, 600000, 0.0002),
        (45, 4000, 31, 5000, 0.01),
        (200, 5000, 150, 5000, 0.02),
    ]
    for x1, n1, x2, n2, delta in cases:
        d = mp.mpf(delta)
        slope = lambda q: x1 / (q + d) + x2 / q - (n1 + n2)
        low, high = mp.mpf(10) ** -15, mp.mpf(1) - d
        q2 = mp.findroot(slope, (low, high), solver="anderson", tol=1e-25, verify=False)
        assert abs(slope(q2)) < 1e-9 * (n1 + n2), (x1, n1, x2, n2, slope(q2))
        q1 = q2 + d
        z = (mp.mpf(x1) / n1 - mp.mpf(x2) / n2 - d) / mp.sqrt(q1 * (1 - q1) / n1 + q2 * (1 - q2) / n2)
        other = test_proportions_2indep(
            x1, n1, x2, n2, value=delta, method="score", compare="diff", alternative="two-sided", correction=False
        )
        rows.append([x1, n1, x2, n2, delta, float(q1), float(q2), float(z), float(other.statistic)])
    return rows


def ratio_rows():
    """x1, n1, x2, n2, alpha a side, ends of the rate ratio - 1: exact conditional binomial (SciPy's binomtest)."""
    rows = []
    for x1, n1, x2, n2 in [(60, 10000, 50, 10000), (150, 20000, 60, 18000), (3, 5000, 9, 5000)]:
        ends = stats.binomtest(x1, x1 + x2).proportion_ci(confidence_level=1 - 2 * ALPHA, method="exact")
        ratio = lambda p: p / (1 - p) * n2 / n1 - 1
        rows.append([x1, n1, x2, n2, ALPHA, float(ratio(ends.low)), float(ratio(ends.high))])
    return rows


def dispersion_rows(generator):
    """bad per second, all per second; then DEFF and lag-1 autocorrelation of 20 batches (NumPy)."""
    rows = []
    for seconds, burst in [(60, 1), (100, 4), (205, 7)]:
        n = generator.integers(40, 60, seconds)
        share = np.repeat(generator.uniform(0.01, 0.3, seconds // burst + 1), burst)[:seconds]
        x = generator.binomial(n, share)
        size = seconds // 20
        bx = x[: 20 * size].reshape(20, size).sum(axis=1)
        bn = n[: 20 * size].reshape(20, size).sum(axis=1)
        r = bx.sum() / bn.sum()
        e = (bx - r * bn) / bn.mean()
        deff = max(1.0, (e @ e / (20 * 19)) / (r * (1 - r) / bn.sum()))
        rows.append({"bad": x.tolist(), "all": n.tolist(), "deff": float(deff), "rho": float(e[1:] @ e[:-1] / (e @ e))})
    return rows


def pair_rows():
    """drifts, their standard errors; then mean, ends of the one-sided t interval, prediction's upper end, I squared."""
    rows = []
    for drifts, ses in [
        ([0.012, 0.02, 0.008, 0.015], [0.004, 0.005, 0.004, 0.006]),
        ([0.05, -0.01, 0.03, 0.0, 0.02, 0.01], [0.006] * 6),
    ]:
        d = np.array(drifts)
        m = len(d)
        low, high = stats.t.interval(1 - 2 * ALPHA, m - 1, loc=d.mean(), scale=stats.sem(d))
        upper = d.mean() + stats.t.isf(ALPHA, m - 1) * d.std(ddof=1) * np.sqrt(1 + 1 / m)
        i2 = combine_effects(d, np.array(ses) ** 2, method_re="dl").i2
        rows.append({"drifts": drifts, "ses": ses, "mean": float(d.mean()), "low": float(low), "high": float(high),
                     "prediction": float(upper), "i2": float(max(0.0, i2))})
    return rows


def crossing(bounds, points=1601):
    """P(a standardised sum of normal increments crosses bounds[j] at some look j), equal looks."""
    total = 0.0
    grid = density = None
    for j, bound in enumerate(bounds, start=1):
        edge = bound * np.sqrt(j)  # on the scale of the sum, variance 1 a look
        if density is None:
            total += stats.norm.sf(edge)
        else:
            total += np.sum(weights * density * stats.norm.sf(edge - grid))
        lowest = -8.5 * np.sqrt(j)
        new = np.linspace(lowest, edge, points)
        step = new[1] - new[0]
        w = np.ones(points)
        w[1:-1:2], w[2:-1:2] = 4, 2
        w *= step / 3
        if density is None:
            d = stats.norm.pdf(new)
        else:
            d = stats.norm.pdf(new[:, None] - grid[None, :]) @ (weights * density)
        grid, density, weights = new, d, w
    return total


def looks_rows():
    """K, alpha one-sided, C with P(cross C * sqrt(K / j) at some look j) = alpha (O'Brien and Fleming 1979)."""
    rows = []
    for looks in (2, 3, 4, 5, 8, 10):
        for alpha in (0.05, 0.025, 0.005):
            f = lambda c: crossing([c * np.sqrt(looks / j) for j in range(1, looks + 1)]) - alpha
            rows.append([looks, alpha, float(optimize.brentq(f, 1.2, 4, xtol=1e-11))])
    return rows


def main():
    generator = np.random.default_rng(20240501)
    document = {
        "source": f"scipy {scipy.__version__}, statsmodels {statsmodels.__version__}, mpmath {mp.__version__}, numpy {np.__version__}",
        "script": "test/verdict/reference-procedures.py",
        "intervals": interval_rows(),
        "newcombe": newcombe_rows(),
        "score": score_rows(),
        "rateRatio": ratio_rows(),
        "dispersion": dispersion_rows(generator),
        "pairs": pair_rows(),
        "looks": looks_rows(),
    }
    json.dump(document, sys.stdout, indent=1)
    sys.stdout.write("\n")


main()
