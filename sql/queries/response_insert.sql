-- write 58
-- New answers.
INSERT INTO survey_responses (customer_id, response_id, survey_id, external_id, order_id, score, choice, text, comment,
                              channel, answered_at, created_at)
SELECT respondent_id, id, survey_id, external_id, order_id, score, choice, text, comment, channel, answered_at, created_at
FROM json_to_recordset($1::json) AS r(respondent_id uuid, id uuid, survey_id uuid, external_id text, order_id uuid,
     score integer, choice text, text text, comment text, channel text, answered_at timestamptz, created_at timestamptz);
