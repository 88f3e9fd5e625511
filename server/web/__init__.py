"""What every HTTP endpoint shares: parameters, answers, errors, access, logs."""
