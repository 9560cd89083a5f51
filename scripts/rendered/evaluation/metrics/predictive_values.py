"""What a positive and a negative call are worth at another prevalence than the one that was tested."""


def predictive_values(sensitivity: float, specificity: float, prevalence: float) -> tuple[float, float]:
    """(positive, negative) predictive value by Bayes' rule; NaN where no call of that kind is ever made."""
    true_positive, false_positive = sensitivity * prevalence, (1 - specificity) * (1 - prevalence)
    true_negative, false_negative = specificity * (1 - prevalence), (1 - sensitivity) * prevalence
    return _ratio(true_positive, false_positive), _ratio(true_negative, false_negative)


def _ratio(right: float, wrong: float) -> float:
    return right / (right + wrong) if right + wrong > 0 else float("nan")
