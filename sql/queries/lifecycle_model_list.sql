-- All lifecycle models as one document: the built-in ones, then the shop's own.
SELECT json_build_object('items', json_agg(m.document ORDER BY m.built_in DESC, m.name), 'next', NULL) AS document
FROM lifecycle_model_documents AS m;
