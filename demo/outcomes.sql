-- What became of the leads, by campaign: DuckDB's SQL over the files that the job responses-to-files writes.
-- In their folder: duckdb < ../demo/outcomes.sql
--
-- The files hold every row that came. Of a lead's rows the one that was processed last counts, and of its answers
-- those that came with it. All columns are read as text: the times are of one width, so that they sort as times do.

WITH
all_responses AS (
  FROM read_json('lead_responses-*.jsonl', columns = {
    campaign_id: 'VARCHAR', lead_id: 'VARCHAR', processed_at: 'VARCHAR', lead_outcome: 'VARCHAR'
  })
),
responses AS (
  FROM all_responses
  QUALIFY row_number() OVER (PARTITION BY campaign_id, lead_id ORDER BY processed_at DESC) = 1
),
answers AS (
  SELECT DISTINCT *
  FROM read_json('lead_response_answers-*.jsonl', columns = {
    campaign_id: 'VARCHAR', lead_id: 'VARCHAR', processed_at: 'VARCHAR', response_key: 'VARCHAR',
    response_value: 'VARCHAR'
  })
),
interests AS (
  FROM answers WHERE response_key = 'interested'
)
SELECT
  campaign_id,
  lead_outcome,
  count(*) AS leads,
  count(*) FILTER (response_value = 'Yes') AS interested
FROM responses
LEFT JOIN interests USING (campaign_id, lead_id, processed_at)
GROUP BY campaign_id, lead_outcome
ORDER BY campaign_id, leads DESC, lead_outcome;
