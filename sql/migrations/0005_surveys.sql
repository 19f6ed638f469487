-- Surveys and their answers.

CREATE TABLE surveys (
    survey_id   uuid PRIMARY KEY,
    external_id text,
    kind        text NOT NULL CONSTRAINT surveys_kind CHECK (kind IN ('nps', 'csat', 'ces', 'choice', 'text')),
    name        text NOT NULL,
    question    text,
    choices     jsonb,
    created_at  timestamptz NOT NULL
);
COMMENT ON TABLE surveys IS 'Questions that the shop asks; kind fixes the scale';

CREATE TABLE survey_responses (
    customer_id uuid NOT NULL REFERENCES customers,
    response_id uuid NOT NULL,
    survey_id   uuid NOT NULL REFERENCES surveys,
    external_id text,
    order_id    uuid,
    score       integer,
    choice      text,
    text        text,
    comment     text,
    channel     text,
    answered_at timestamptz NOT NULL,
    created_at  timestamptz NOT NULL,
    PRIMARY KEY (customer_id, response_id)
);
COMMENT ON TABLE survey_responses IS 'Answers; without a score, choice or text the question was skipped, which is not an answer';
CREATE INDEX survey_responses_answered_at ON survey_responses (answered_at, response_id);
COMMENT ON INDEX survey_responses_answered_at IS 'kpi_surveys.sql by window';
CREATE INDEX survey_responses_survey_id ON survey_responses (survey_id, answered_at, response_id);
COMMENT ON INDEX survey_responses_survey_id IS 'response_list.sql; nps_get.sql of one survey';
CREATE INDEX survey_responses_response_id ON survey_responses (response_id);
COMMENT ON INDEX survey_responses_response_id IS 'response_get.sql by id alone';

CREATE VIEW survey_documents AS
SELECT s.survey_id, s.kind, s.created_at,
       (SELECT row_to_json(d) FROM (SELECT
           s.survey_id AS id, s.external_id, s.kind, s.name, s.question, s.choices,
           rfc3339(s.created_at) AS created_at) AS d) AS document
FROM surveys AS s;
COMMENT ON VIEW survey_documents IS 'Surveys as the API shows them';

-- An answer without a name hangs on an anonymous customer, which nobody needs to see.
CREATE VIEW response_documents AS
SELECT r.customer_id, r.response_id, r.survey_id, r.answered_at,
       (SELECT row_to_json(d) FROM (SELECT
           r.response_id AS id, r.external_id, r.survey_id, CASE WHEN NOT c.anonymous THEN c.customer_id END AS customer_id,
           r.order_id, r.score, r.choice, r.text, r.comment, r.channel, rfc3339(r.answered_at) AS answered_at,
           rfc3339(r.created_at) AS created_at) AS d) AS document
FROM survey_responses AS r JOIN customers AS c USING (customer_id);
COMMENT ON VIEW response_documents IS 'Answers as the API shows them';
