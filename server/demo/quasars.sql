-- Likely quasars that are like what the model has learnt from.
SELECT object_id, ra, dec, class, p_quasar, class_set, safety
FROM objects WHERE class = 'quasar' AND safety = 'safe'
ORDER BY p_quasar DESC, object_id LIMIT 5
