-- One lifecycle model by name ($1).
SELECT name AS id, NULL AS version, document FROM lifecycle_model_documents WHERE name = $1;
