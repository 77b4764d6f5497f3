--
-- PostgreSQL database dump
--

\restrict Yvsgxx9a3DwBcoCgd0OxjmTcuOPqdEP0Dubsbh0IlWgFnGNnqxuDpK1uMDY24K1

-- Dumped from database version 15.18 (Debian 15.18-0+deb12u1)
-- Dumped by pg_dump version 15.18 (Debian 15.18-0+deb12u1)

SET statement_timeout = 0;
SET lock_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET xmloption = content;
SET client_min_messages = warning;
SET row_security = off;

--
-- Name: dbos; Type: SCHEMA; Schema: -; Owner: -
--

CREATE SCHEMA dbos;


--
-- Name: enqueue_workflow(text, text, json[], json, text, text, text, text, bigint, bigint, text, integer, text, text, text, bigint, text); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.enqueue_workflow(workflow_name text, queue_name text, positional_args json[] DEFAULT ARRAY[]::json[], named_args json DEFAULT '{}'::json, class_name text DEFAULT NULL::text, config_name text DEFAULT NULL::text, workflow_id text DEFAULT NULL::text, app_version text DEFAULT NULL::text, timeout_ms bigint DEFAULT NULL::bigint, deadline_epoch_ms bigint DEFAULT NULL::bigint, deduplication_id text DEFAULT NULL::text, priority integer DEFAULT NULL::integer, queue_partition_key text DEFAULT NULL::text, authenticated_user text DEFAULT NULL::text, authenticated_roles text DEFAULT NULL::text, delay_until_epoch_ms bigint DEFAULT NULL::bigint, application_name text DEFAULT NULL::text) RETURNS text
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_workflow_id TEXT;
    v_serialized_inputs TEXT;
    v_owner_xid TEXT;
    v_now BIGINT;
    v_recovery_attempts INT4 := 0;
    v_priority INT4;
    v_status TEXT;
BEGIN

    -- Validate required parameters
    IF workflow_name IS NULL OR workflow_name = '' THEN
        RAISE EXCEPTION 'Workflow name cannot be null or empty';
    END IF;
    IF queue_name IS NULL OR queue_name = '' THEN
        RAISE EXCEPTION 'Queue name cannot be null or empty';
    END IF;
    IF named_args IS NOT NULL AND jsonb_typeof(named_args::jsonb) != 'object' THEN
        RAISE EXCEPTION 'Named args must be a JSON object';
    END IF;
    IF workflow_id IS NOT NULL AND workflow_id = '' THEN
        RAISE EXCEPTION 'Workflow ID cannot be an empty string if provided.';
    END IF;
    IF delay_until_epoch_ms IS NOT NULL AND delay_until_epoch_ms < 0 THEN
        RAISE EXCEPTION 'delay_until_epoch_ms must be >= 0';
    END IF;

    v_workflow_id := COALESCE(workflow_id, gen_random_uuid()::TEXT);
    v_owner_xid := gen_random_uuid()::TEXT;
    v_priority := COALESCE(priority, 0);
    v_serialized_inputs := json_build_object(
        'positionalArgs', positional_args,
        'namedArgs', named_args
    )::TEXT;
    v_now := EXTRACT(epoch FROM now()) * 1000;
    v_status := CASE WHEN delay_until_epoch_ms IS NULL THEN 'ENQUEUED' ELSE 'DELAYED' END;

    INSERT INTO "dbos".workflow_status (
        workflow_uuid, status,
        name, class_name, config_name,
        queue_name, deduplication_id, priority, queue_partition_key,
        application_version,
        created_at, updated_at, recovery_attempts,
        workflow_timeout_ms, workflow_deadline_epoch_ms,
        parent_workflow_id, owner_xid, serialization,
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    ) VALUES (
        v_workflow_id, v_status,
        workflow_name, class_name, config_name,
        queue_name, deduplication_id, v_priority, queue_partition_key,
        app_version,
        v_now, v_now, v_recovery_attempts,
        timeout_ms, deadline_epoch_ms,
        NULL, v_owner_xid, 'portable_json',
        authenticated_user, authenticated_roles,
        delay_until_epoch_ms, application_name
    )
    ON CONFLICT (workflow_uuid)
    DO UPDATE SET
        updated_at = EXCLUDED.updated_at;

    INSERT INTO "dbos".workflow_input (
        workflow_uuid, inputs, retention_timestamp
    ) VALUES (
        v_workflow_id, v_serialized_inputs, v_now
    )
    ON CONFLICT (workflow_uuid) DO NOTHING;

    RETURN v_workflow_id;

EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION 'DBOS queue duplicated'
            USING DETAIL = format('Workflow %s with queue %s and deduplication ID %s already exists', v_workflow_id, queue_name, deduplication_id),
                ERRCODE = 'unique_violation';
END;
$$;


--
-- Name: notifications_function(); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.notifications_function() RETURNS trigger
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    payload text := NEW.destination_uuid || '::' || NEW.topic;
BEGIN
    PERFORM pg_notify('dbos_notifications_channel', payload);
    RETURN NEW;
END;
$$;


--
-- Name: send_message(text, json, text, text); Type: FUNCTION; Schema: dbos; Owner: -
--

CREATE FUNCTION dbos.send_message(destination_id text, message json, topic text DEFAULT NULL::text, message_id text DEFAULT NULL::text) RETURNS void
    LANGUAGE plpgsql
    SET search_path TO 'pg_catalog', 'pg_temp'
    AS $$
DECLARE
    v_topic TEXT := COALESCE(topic, '__null__topic__');
    v_message_id TEXT := COALESCE(message_id, gen_random_uuid()::TEXT);
BEGIN
    INSERT INTO "dbos".notifications (
        destination_uuid, topic, message, message_uuid, serialization
    ) VALUES (
        destination_id, v_topic, message, v_message_id, 'portable_json'
    )
    ON CONFLICT (message_uuid) DO NOTHING;
EXCEPTION
    WHEN foreign_key_violation THEN
        RAISE EXCEPTION 'DBOS non-existent workflow'
            USING DETAIL = format('Destination workflow %s does not exist', destination_id),
                ERRCODE = 'foreign_key_violation';
END;
$$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: application_versions; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.application_versions (
    version_id text NOT NULL,
    version_name text NOT NULL,
    version_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text
);


--
-- Name: dbos_migrations; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.dbos_migrations (
    version bigint NOT NULL
);


--
-- Name: event_dispatch_kv; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.event_dispatch_kv (
    service_name text NOT NULL,
    workflow_fn_name text NOT NULL,
    key text NOT NULL,
    value text,
    update_seq numeric(38,0),
    update_time numeric(38,15)
);


--
-- Name: notifications; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.notifications (
    message_uuid text DEFAULT gen_random_uuid() NOT NULL,
    destination_uuid text NOT NULL,
    topic text,
    message text NOT NULL,
    created_at_epoch_ms bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    serialization text,
    consumed boolean DEFAULT false NOT NULL,
    consumed_by_function_id integer
);


--
-- Name: operation_outputs; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.operation_outputs (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    function_name text DEFAULT ''::text NOT NULL,
    output text,
    error text,
    child_workflow_id text,
    started_at_epoch_ms bigint,
    completed_at_epoch_ms bigint,
    serialization text,
    application_name text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: queues; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.queues (
    queue_id text DEFAULT (gen_random_uuid())::text NOT NULL,
    name text NOT NULL,
    concurrency integer,
    worker_concurrency integer,
    rate_limit_max integer,
    rate_limit_period_sec double precision,
    priority_enabled boolean DEFAULT false NOT NULL,
    partition_queue boolean DEFAULT false NOT NULL,
    polling_interval_sec double precision DEFAULT 1.0 NOT NULL,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_name text,
    partition_concurrency integer,
    partition_worker_concurrency integer,
    partition_rate_limit_max integer,
    partition_rate_limit_period_sec double precision
);


--
-- Name: streams; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.streams (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    "offset" integer NOT NULL,
    function_id integer DEFAULT 0 NOT NULL,
    serialization text
);


--
-- Name: workflow_events; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_events (
    workflow_uuid text NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);


--
-- Name: workflow_events_history; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_events_history (
    workflow_uuid text NOT NULL,
    function_id integer NOT NULL,
    key text NOT NULL,
    value text NOT NULL,
    serialization text
);


--
-- Name: workflow_input; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_input (
    workflow_uuid text NOT NULL,
    inputs text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: workflow_output; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_output (
    workflow_uuid text NOT NULL,
    output text,
    error text,
    retention_timestamp bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL
);


--
-- Name: workflow_schedules; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_schedules (
    schedule_id text NOT NULL,
    schedule_name text NOT NULL,
    workflow_name text NOT NULL,
    workflow_class_name text,
    schedule text NOT NULL,
    status text DEFAULT 'ACTIVE'::text NOT NULL,
    context text NOT NULL,
    last_fired_at text,
    automatic_backfill boolean DEFAULT false NOT NULL,
    cron_timezone text,
    queue_name text,
    application_name text
);


--
-- Name: workflow_status; Type: TABLE; Schema: dbos; Owner: -
--

CREATE TABLE dbos.workflow_status (
    workflow_uuid text NOT NULL,
    status text,
    name text,
    authenticated_user text,
    assumed_role text,
    authenticated_roles text,
    request text,
    output text,
    error text,
    executor_id text,
    created_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    updated_at bigint DEFAULT ((EXTRACT(epoch FROM now()) * 1000.0))::bigint NOT NULL,
    application_version text,
    application_id text,
    class_name character varying(255) DEFAULT NULL::character varying,
    config_name character varying(255) DEFAULT NULL::character varying,
    recovery_attempts bigint DEFAULT 0,
    queue_name text,
    workflow_timeout_ms bigint,
    workflow_deadline_epoch_ms bigint,
    inputs text,
    started_at_epoch_ms bigint,
    deduplication_id text,
    priority integer DEFAULT 0 NOT NULL,
    queue_partition_key text,
    forked_from text,
    owner_xid text,
    parent_workflow_id text,
    serialization text,
    delay_until_epoch_ms bigint,
    was_forked_from boolean DEFAULT false NOT NULL,
    rate_limited boolean DEFAULT false NOT NULL,
    completed_at bigint,
    attributes jsonb,
    schedule_name text,
    debounce_deadline_epoch_ms bigint,
    is_debounced boolean DEFAULT false NOT NULL,
    application_name text,
    creator_xid text
);


--
-- Name: history; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.history (
    line_id integer NOT NULL,
    request_id character varying(64),
    event character varying(16) NOT NULL,
    at double precision NOT NULL,
    detail text NOT NULL,
    link text NOT NULL,
    posted_ts character varying(32) NOT NULL
);


--
-- Name: history_line_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.history_line_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: history_line_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.history_line_id_seq OWNED BY public.history.line_id;


--
-- Name: postings; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.postings (
    request_id character varying(64) NOT NULL,
    what character varying(32) NOT NULL,
    since double precision NOT NULL
);


--
-- Name: rate_budget; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.rate_budget (
    row_id integer NOT NULL,
    seen double precision NOT NULL,
    due double precision NOT NULL,
    paused_until double precision NOT NULL,
    pushed double precision NOT NULL,
    allowed integer NOT NULL,
    window_ends double precision NOT NULL,
    remaining integer NOT NULL
);


--
-- Name: rate_budget_row_id_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.rate_budget_row_id_seq
    AS integer
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: rate_budget_row_id_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.rate_budget_row_id_seq OWNED BY public.rate_budget.row_id;


--
-- Name: requests; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.requests (
    request_id character varying(64) NOT NULL,
    team_id character varying(32) NOT NULL,
    channel_id character varying(32) NOT NULL,
    thread_ts character varying(32) NOT NULL,
    response_url text NOT NULL,
    agent_id character varying(32) NOT NULL,
    agent_name text NOT NULL,
    identity_kind character varying(8) NOT NULL,
    identity_value text NOT NULL,
    text text NOT NULL,
    into_open_conversation boolean NOT NULL,
    chosen_contact_id character varying(64) NOT NULL,
    created_at double precision NOT NULL,
    send_at double precision,
    send_before double precision,
    state character varying(16) NOT NULL,
    reason text NOT NULL,
    checked_at double precision,
    contact_id character varying(64) NOT NULL,
    contact_ids json NOT NULL,
    send_to_id character varying(64) NOT NULL,
    customer_name text NOT NULL,
    sending_at double precision,
    message_id character varying(64) NOT NULL,
    conversation_id character varying(64) NOT NULL,
    watch_until double precision,
    next_look_at double precision,
    looks integer NOT NULL,
    card_channel character varying(32) NOT NULL,
    card_ts character varying(32) NOT NULL,
    card_state character varying(16) NOT NULL,
    outcome_ts character varying(32) NOT NULL
);


--
-- Name: history line_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.history ALTER COLUMN line_id SET DEFAULT nextval('public.history_line_id_seq'::regclass);


--
-- Name: rate_budget row_id; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_budget ALTER COLUMN row_id SET DEFAULT nextval('public.rate_budget_row_id_seq'::regclass);


--
-- Data for Name: application_versions; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.application_versions VALUES ('5aef18b8-cd10-4cfe-8db9-43919217cb1a', '1', 1795647102236, 1795647102236, 'proactive');


--
-- Data for Name: dbos_migrations; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.dbos_migrations VALUES (125);


--
-- Data for Name: event_dispatch_kv; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: notifications; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: operation_outputs; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: queues; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.queues VALUES ('886f847f-4f0c-408c-88a5-af14cd924583', 'delivery', NULL, 8, NULL, NULL, true, false, 0.1, 1795647102171, 1795647102168, 'proactive', NULL, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('2b3ec072-7950-4ab8-86c2-ad59f9fd44e0', 'thread', NULL, 8, NULL, NULL, true, true, 0.1, 1795647102184, 1795647102183, 'proactive', 1, NULL, NULL, NULL);
INSERT INTO dbos.queues VALUES ('99e7aa47-aa31-4917-8615-47c3261a31fa', 'read-back', NULL, 4, NULL, NULL, true, false, 0.1, 1795647102192, 1795647102190, 'proactive', NULL, NULL, NULL, NULL);


--
-- Data for Name: streams; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_events; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_events_history; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_input; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.workflow_input VALUES ('deliver:V00CHECKING:0', '{"namedArgs":{},"positionalArgs":["V00CHECKING",0]}', 1795647102418);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy0:0', '{"namedArgs":{},"positionalArgs":["Vbusy0",0]}', 1795647102446);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy1:0', '{"namedArgs":{},"positionalArgs":["Vbusy1",0]}', 1795647102449);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy2:0', '{"namedArgs":{},"positionalArgs":["Vbusy2",0]}', 1795647102451);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy3:0', '{"namedArgs":{},"positionalArgs":["Vbusy3",0]}', 1795647102453);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy4:0', '{"namedArgs":{},"positionalArgs":["Vbusy4",0]}', 1795647102458);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy5:0', '{"namedArgs":{},"positionalArgs":["Vbusy5",0]}', 1795647102463);
INSERT INTO dbos.workflow_input VALUES ('deliver:Vbusy6:0', '{"namedArgs":{},"positionalArgs":["Vbusy6",0]}', 1795647102469);
INSERT INTO dbos.workflow_input VALUES ('deliver:V20SCHEDULED:0', '{"namedArgs":{},"positionalArgs":["V20SCHEDULED",0]}', 1795647103479);
INSERT INTO dbos.workflow_input VALUES ('deliver:V02SCHEDULED:1:1d0f4c2ca2d94792afc5f8e488378f01', '{"namedArgs":{},"positionalArgs":["V02SCHEDULED",1]}', 1795647103479);
INSERT INTO dbos.workflow_input VALUES ('read_back:V03SENDING:0:594665f340e643a8a31c04b57e1318e8', '{"namedArgs":{},"positionalArgs":["V03SENDING",0]}', 1795647103479);
INSERT INTO dbos.workflow_input VALUES ('publish:V06DELIVERED:0:d19786671721465a99ab74dde091ef5c', '{"namedArgs":{},"positionalArgs":["V06DELIVERED",0]}', 1795647103479);


--
-- Data for Name: workflow_output; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_schedules; Type: TABLE DATA; Schema: dbos; Owner: -
--



--
-- Data for Name: workflow_status; Type: TABLE DATA; Schema: dbos; Owner: -
--

INSERT INTO dbos.workflow_status VALUES ('deliver:V00CHECKING:0', 'PENDING', 'deliver', NULL, NULL, NULL, NULL, NULL, NULL, 'w0', 1795647102418, 1795647102426, '1', NULL, NULL, NULL, 1, 'delivery', NULL, NULL, NULL, 1795647102426, NULL, 28285200, NULL, NULL, '18f80286-7d0f-4fac-b4e9-ac188ac93718', NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'proactive', '3ac92c67-d00f-4474-9d05-682a8449c591');
INSERT INTO dbos.workflow_status VALUES ('deliver:V20SCHEDULED:0', 'ENQUEUED', 'deliver', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1795647103479, 1795647103479, '1', NULL, NULL, NULL, 0, 'delivery', NULL, NULL, NULL, NULL, NULL, 28285200, NULL, NULL, NULL, NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'proactive', '9e99985f-093e-4f39-a97b-969b8ef3ab04');
INSERT INTO dbos.workflow_status VALUES ('deliver:V02SCHEDULED:1:1d0f4c2ca2d94792afc5f8e488378f01', 'DELAYED', 'deliver', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1795647103479, 1795647103479, '1', NULL, NULL, NULL, 0, 'delivery', NULL, NULL, NULL, NULL, NULL, 28285200, NULL, NULL, NULL, NULL, 'portable_json', 1800831103480, false, false, NULL, 'null', NULL, NULL, false, 'proactive', '9076ce87-f953-42d1-b0fd-299f95c36645');
INSERT INTO dbos.workflow_status VALUES ('read_back:V03SENDING:0:594665f340e643a8a31c04b57e1318e8', 'DELAYED', 'read_back', NULL, NULL, NULL, NULL, NULL, NULL, NULL, 1795647103479, 1795647103479, '1', NULL, NULL, NULL, 0, 'read-back', NULL, NULL, NULL, NULL, NULL, 0, NULL, NULL, NULL, NULL, 'portable_json', 1795650703481, false, false, NULL, 'null', NULL, NULL, false, 'proactive', 'b7593c9b-9964-4950-8554-6827dbff7b8a');
INSERT INTO dbos.workflow_status VALUES ('publish:V06DELIVERED:0:d19786671721465a99ab74dde091ef5c', 'PENDING', 'publish', NULL, NULL, NULL, NULL, NULL, NULL, 'w0', 1795647103479, 1795647103489, '1', NULL, NULL, NULL, 1, 'thread', NULL, NULL, NULL, 1795647103489, NULL, 0, 'V06DELIVERED', NULL, '0c2d7bbf-f510-4ade-94d0-89ebdf9d50a9', NULL, 'portable_json', NULL, false, false, NULL, 'null', NULL, NULL, false, 'proactive', '5ee0826c-aded-42e3-958b-5abe36e9cabc');


--
-- Data for Name: history; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.history VALUES (1, 'V00CHECKING', 'asked', 1795510800, '', '', '-');
INSERT INTO public.history VALUES (2, 'V00CHECKING', 'found', 1795510800, 'Found.', '', '1790000000.000300');
INSERT INTO public.history VALUES (3, 'V01REFUSED', 'asked', 1795510860, '', '', '-');
INSERT INTO public.history VALUES (4, 'V01REFUSED', 'found', 1795510860, 'Found.', '', '1790000001.000300');
INSERT INTO public.history VALUES (5, 'V02SCHEDULED', 'asked', 1795510920, '', '', '-');
INSERT INTO public.history VALUES (6, 'V02SCHEDULED', 'found', 1795510920, 'Found.', '', '1790000002.000300');
INSERT INTO public.history VALUES (7, 'V03SENDING', 'asked', 1795510980, '', '', '-');
INSERT INTO public.history VALUES (8, 'V03SENDING', 'found', 1795510980, 'Found.', '', '1790000003.000300');
INSERT INTO public.history VALUES (9, 'V04ACCEPTED', 'asked', 1795511040, '', '', '-');
INSERT INTO public.history VALUES (10, 'V04ACCEPTED', 'found', 1795511040, 'Found.', '', '1790000004.000300');
INSERT INTO public.history VALUES (11, 'V05WAITING', 'asked', 1795511100, '', '', '-');
INSERT INTO public.history VALUES (12, 'V05WAITING', 'found', 1795511100, 'Found.', '', '1790000005.000300');
INSERT INTO public.history VALUES (13, 'V06DELIVERED', 'asked', 1795511160, '', '', '-');
INSERT INTO public.history VALUES (14, 'V06DELIVERED', 'found', 1795511160, 'Found.', '', '1790000006.000300');
INSERT INTO public.history VALUES (15, 'V07READ', 'asked', 1795511220, '', '', '-');
INSERT INTO public.history VALUES (16, 'V07READ', 'found', 1795511220, 'Found.', '', '1790000007.000300');
INSERT INTO public.history VALUES (17, 'V08REPLIED', 'asked', 1795511280, '', '', '-');
INSERT INTO public.history VALUES (18, 'V08REPLIED', 'found', 1795511280, 'Found.', '', '1790000008.000300');
INSERT INTO public.history VALUES (19, 'V09FAILED', 'asked', 1795511340, '', '', '-');
INSERT INTO public.history VALUES (20, 'V09FAILED', 'found', 1795511340, 'Found.', '', '1790000009.000300');
INSERT INTO public.history VALUES (21, 'V10UNCERTAIN', 'asked', 1795511400, '', '', '-');
INSERT INTO public.history VALUES (22, 'V10UNCERTAIN', 'found', 1795511400, 'Found.', '', '1790000010.000300');
INSERT INTO public.history VALUES (23, 'V11EXPIRED', 'asked', 1795511460, '', '', '-');
INSERT INTO public.history VALUES (24, 'V11EXPIRED', 'found', 1795511460, 'Found.', '', '1790000011.000300');
INSERT INTO public.history VALUES (25, 'V12CANCELLED', 'asked', 1795511520, '', '', '-');
INSERT INTO public.history VALUES (26, 'V12CANCELLED', 'found', 1795511520, 'Found.', '', '1790000012.000300');
INSERT INTO public.history VALUES (27, 'V20SCHEDULED', 'asked', 1795512000, '', '', '-');
INSERT INTO public.history VALUES (28, 'V20SCHEDULED', 'found', 1795512000, 'Found.', '', '1790000020.000300');
INSERT INTO public.history VALUES (29, 'V06DELIVERED', 'delivered', 1795647102.409068, '', '', '');


--
-- Data for Name: postings; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.postings VALUES ('V06DELIVERED', 'line 99', 1795647102.410884);


--
-- Data for Name: rate_budget; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.rate_budget VALUES (1, 0, 0, 0, 0, 2147483647, 0, 2147483647);


--
-- Data for Name: requests; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.requests VALUES ('V00CHECKING', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of checking', false, '', 1795510800, NULL, NULL, 'checking', '', NULL, '', '[]', '', '', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000000.000200', 'checking', '');
INSERT INTO public.requests VALUES ('V01REFUSED', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of refused', true, '', 1795510860, NULL, NULL, 'refused', 'Genesys Cloud refused it.', NULL, '', '[]', '', '', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000001.000200', 'refused', '');
INSERT INTO public.requests VALUES ('V02SCHEDULED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of scheduled', false, '', 1795510920, 1800694800, NULL, 'scheduled', '', 1795510800, '000000000000000000000000000000000002', '["000000000000000000000000000000000002", "000000000000000000000000000000000102"]', '000000000000000000000000000000000102', 'Jane Doe', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000002.000200', 'scheduled', '');
INSERT INTO public.requests VALUES ('V03SENDING', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of sending', true, '', 1795510980, NULL, NULL, 'sending', '', 1795510800, '000000000000000000000000000000000003', '["000000000000000000000000000000000003", "000000000000000000000000000000000103"]', '000000000000000000000000000000000103', 'Jane Doe', 1795510980, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000003.000200', 'sending', '');
INSERT INTO public.requests VALUES ('V04ACCEPTED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of accepted', false, '', 1795511040, NULL, NULL, 'accepted', '', 1795510800, '000000000000000000000000000000000004', '["000000000000000000000000000000000004", "000000000000000000000000000000000104"]', '000000000000000000000000000000000104', 'Jane Doe', 1795511040, 'm00000000000000000000000000000000004', 'c00000000000000000000000000000000004', 1795770000, 1795512840, 3, 'C0SUPPORT', '1790000004.000200', 'accepted', '');
INSERT INTO public.requests VALUES ('V05WAITING', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of waiting', true, '', 1795511100, NULL, NULL, 'waiting', '', 1795510800, '000000000000000000000000000000000005', '["000000000000000000000000000000000005", "000000000000000000000000000000000105"]', '000000000000000000000000000000000105', 'Jane Doe', 1795511100, 'm00000000000000000000000000000000005', 'c00000000000000000000000000000000005', 1795770000, 1795512900, 3, 'C0SUPPORT', '1790000005.000200', 'waiting', '');
INSERT INTO public.requests VALUES ('V06DELIVERED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of delivered', false, '', 1795511160, NULL, NULL, 'delivered', '', 1795510800, '000000000000000000000000000000000006', '["000000000000000000000000000000000006", "000000000000000000000000000000000106"]', '000000000000000000000000000000000106', 'Jane Doe', 1795511160, 'm00000000000000000000000000000000006', 'c00000000000000000000000000000000006', 1795770000, 1795512960, 3, 'C0SUPPORT', '1790000006.000200', 'delivered', '');
INSERT INTO public.requests VALUES ('V07READ', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of read', true, '', 1795511220, NULL, NULL, 'read', '', 1795510800, '000000000000000000000000000000000007', '["000000000000000000000000000000000007", "000000000000000000000000000000000107"]', '000000000000000000000000000000000107', 'Jane Doe', 1795511220, 'm00000000000000000000000000000000007', 'c00000000000000000000000000000000007', 1795770000, 1795513020, 3, 'C0SUPPORT', '1790000007.000200', 'read', '');
INSERT INTO public.requests VALUES ('V08REPLIED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of replied', false, '', 1795511280, NULL, NULL, 'replied', '', 1795510800, '000000000000000000000000000000000008', '["000000000000000000000000000000000008", "000000000000000000000000000000000108"]', '000000000000000000000000000000000108', 'Jane Doe', 1795511280, 'm00000000000000000000000000000000008', 'c00000000000000000000000000000000008', 1795770000, NULL, 0, 'C0SUPPORT', '1790000008.000200', 'replied', '');
INSERT INTO public.requests VALUES ('V09FAILED', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of failed', true, '', 1795511340, NULL, NULL, 'failed', 'Genesys Cloud refused it.', 1795510800, '000000000000000000000000000000000009', '["000000000000000000000000000000000009", "000000000000000000000000000000000109"]', '000000000000000000000000000000000109', 'Jane Doe', 1795511340, 'm00000000000000000000000000000000009', 'c00000000000000000000000000000000009', 1795770000, NULL, 0, 'C0SUPPORT', '1790000009.000200', 'failed', '');
INSERT INTO public.requests VALUES ('V10UNCERTAIN', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of uncertain', false, '', 1795511400, NULL, NULL, 'uncertain', '', 1795510800, '000000000000000000000000000000000010', '["000000000000000000000000000000000010", "000000000000000000000000000000000110"]', '000000000000000000000000000000000110', 'Jane Doe', 1795511400, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000010.000200', 'uncertain', '');
INSERT INTO public.requests VALUES ('V11EXPIRED', 'T0TEAM', 'C0SUPPORT', '1790000000.000100', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of expired', true, '', 1795511460, NULL, NULL, 'expired', '', 1795510800, '000000000000000000000000000000000011', '["000000000000000000000000000000000011", "000000000000000000000000000000000111"]', '000000000000000000000000000000000111', 'Jane Doe', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000011.000200', 'expired', '');
INSERT INTO public.requests VALUES ('V12CANCELLED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Email', 'jane@example.com', 'Text of cancelled', false, '', 1795511520, NULL, NULL, 'cancelled', '', 1795510800, '000000000000000000000000000000000012', '["000000000000000000000000000000000012", "000000000000000000000000000000000112"]', '000000000000000000000000000000000112', 'Jane Doe', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000012.000200', 'cancelled', '');
INSERT INTO public.requests VALUES ('V20SCHEDULED', 'T0TEAM', 'C0SUPPORT', '', 'https://hooks.slack.com/commands/T/1/secret', 'U0ADA', 'Ada Agent', 'Phone', '+442079460018', 'Text of scheduled', false, '', 1795512000, 1795510800, NULL, 'scheduled', '', 1795510800, '000000000000000000000000000000000020', '["000000000000000000000000000000000020", "000000000000000000000000000000000120"]', '000000000000000000000000000000000120', 'Jane Doe', NULL, '', '', NULL, NULL, 0, 'C0SUPPORT', '1790000020.000200', 'scheduled', '');


--
-- Name: history_line_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.history_line_id_seq', 29, true);


--
-- Name: rate_budget_row_id_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.rate_budget_row_id_seq', 1, false);


--
-- Name: application_versions application_versions_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_pkey PRIMARY KEY (version_id);


--
-- Name: application_versions application_versions_version_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.application_versions
    ADD CONSTRAINT application_versions_version_name_key UNIQUE (version_name);


--
-- Name: dbos_migrations dbos_migrations_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.dbos_migrations
    ADD CONSTRAINT dbos_migrations_pkey PRIMARY KEY (version);


--
-- Name: event_dispatch_kv event_dispatch_kv_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.event_dispatch_kv
    ADD CONSTRAINT event_dispatch_kv_pkey PRIMARY KEY (service_name, workflow_fn_name, key);


--
-- Name: notifications notifications_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_pkey PRIMARY KEY (message_uuid);


--
-- Name: operation_outputs operation_outputs_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.operation_outputs
    ADD CONSTRAINT operation_outputs_pkey PRIMARY KEY (workflow_uuid, function_id);


--
-- Name: queues queues_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_name_key UNIQUE (name);


--
-- Name: queues queues_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.queues
    ADD CONSTRAINT queues_pkey PRIMARY KEY (queue_id);


--
-- Name: streams streams_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_pkey PRIMARY KEY (workflow_uuid, key, "offset");


--
-- Name: workflow_events_history workflow_events_history_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_pkey PRIMARY KEY (workflow_uuid, function_id, key);


--
-- Name: workflow_events workflow_events_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_pkey PRIMARY KEY (workflow_uuid, key);


--
-- Name: workflow_input workflow_input_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_input
    ADD CONSTRAINT workflow_input_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: workflow_output workflow_output_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_output
    ADD CONSTRAINT workflow_output_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: workflow_schedules workflow_schedules_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_pkey PRIMARY KEY (schedule_id);


--
-- Name: workflow_schedules workflow_schedules_schedule_name_key; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_schedules
    ADD CONSTRAINT workflow_schedules_schedule_name_key UNIQUE (schedule_name);


--
-- Name: workflow_status workflow_status_pkey; Type: CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_status
    ADD CONSTRAINT workflow_status_pkey PRIMARY KEY (workflow_uuid);


--
-- Name: history history_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_pkey PRIMARY KEY (line_id);


--
-- Name: postings postings_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.postings
    ADD CONSTRAINT postings_pkey PRIMARY KEY (request_id, what);


--
-- Name: rate_budget rate_budget_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.rate_budget
    ADD CONSTRAINT rate_budget_pkey PRIMARY KEY (row_id);


--
-- Name: requests requests_pkey; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.requests
    ADD CONSTRAINT requests_pkey PRIMARY KEY (request_id);


--
-- Name: idx_application_versions_owner_timestamp; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_application_versions_owner_timestamp ON dbos.application_versions USING btree (application_name, version_timestamp DESC);


--
-- Name: idx_application_versions_timestamp; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_application_versions_timestamp ON dbos.application_versions USING btree (version_timestamp DESC);


--
-- Name: idx_operation_outputs_completed_at_function_name_v2; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_operation_outputs_completed_at_function_name_v2 ON dbos.operation_outputs USING btree (completed_at_epoch_ms, function_name) INCLUDE (application_name);


--
-- Name: idx_operation_outputs_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_operation_outputs_retention ON dbos.operation_outputs USING btree (retention_timestamp);


--
-- Name: idx_workflow_input_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_input_retention ON dbos.workflow_input USING btree (retention_timestamp);


--
-- Name: idx_workflow_output_retention; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_output_retention ON dbos.workflow_output USING btree (retention_timestamp);


--
-- Name: idx_workflow_status_attributes; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_attributes ON dbos.workflow_status USING gin (attributes) WHERE (attributes IS NOT NULL);


--
-- Name: idx_workflow_status_completed_at; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_completed_at ON dbos.workflow_status USING btree (completed_at) WHERE (completed_at IS NOT NULL);


--
-- Name: idx_workflow_status_deadline; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_deadline ON dbos.workflow_status USING btree (workflow_deadline_epoch_ms) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text, 'DELAYED'::text])) AND (workflow_deadline_epoch_ms IS NOT NULL));


--
-- Name: idx_workflow_status_delayed; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_delayed ON dbos.workflow_status USING btree (delay_until_epoch_ms) WHERE (status = 'DELAYED'::text);


--
-- Name: idx_workflow_status_failed; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_failed ON dbos.workflow_status USING btree (status, created_at) WHERE (status = ANY (ARRAY['ERROR'::text, 'CANCELLED'::text, 'MAX_RECOVERY_ATTEMPTS_EXCEEDED'::text]));


--
-- Name: idx_workflow_status_forked_from; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_forked_from ON dbos.workflow_status USING btree (forked_from) WHERE (forked_from IS NOT NULL);


--
-- Name: idx_workflow_status_in_flight_v2; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_in_flight_v2 ON dbos.workflow_status USING btree (queue_name, status, priority, created_at) INCLUDE (application_name) WHERE (status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text]));


--
-- Name: idx_workflow_status_parent_workflow_id; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_parent_workflow_id ON dbos.workflow_status USING btree (parent_workflow_id) WHERE (parent_workflow_id IS NOT NULL);


--
-- Name: idx_workflow_status_partition_dequeue_v3; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_partition_dequeue_v3 ON dbos.workflow_status USING btree (queue_name, status, queue_partition_key, priority, created_at, workflow_uuid) INCLUDE (application_name) WHERE ((status = ANY (ARRAY['ENQUEUED'::text, 'PENDING'::text])) AND (queue_partition_key IS NOT NULL));


--
-- Name: idx_workflow_status_pending; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_pending ON dbos.workflow_status USING btree (created_at) WHERE (status = 'PENDING'::text);


--
-- Name: idx_workflow_status_rate_limited; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_rate_limited ON dbos.workflow_status USING btree (queue_name, started_at_epoch_ms) WHERE (rate_limited = true);


--
-- Name: idx_workflow_status_schedule_name; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_schedule_name ON dbos.workflow_status USING btree (schedule_name) WHERE (schedule_name IS NOT NULL);


--
-- Name: idx_workflow_status_started_at; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_status_started_at ON dbos.workflow_status USING btree (started_at_epoch_ms) WHERE (started_at_epoch_ms IS NOT NULL);


--
-- Name: idx_workflow_topic; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX idx_workflow_topic ON dbos.notifications USING btree (destination_uuid, topic);


--
-- Name: uq_application_versions_owner_version; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_application_versions_owner_version ON dbos.application_versions USING btree (application_name, version_name) WHERE (application_name IS NOT NULL);


--
-- Name: uq_application_versions_unclaimed_version; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_application_versions_unclaimed_version ON dbos.application_versions USING btree (version_name) WHERE (application_name IS NULL);


--
-- Name: uq_workflow_status_dedup_id; Type: INDEX; Schema: dbos; Owner: -
--

CREATE UNIQUE INDEX uq_workflow_status_dedup_id ON dbos.workflow_status USING btree (queue_name, deduplication_id) WHERE (deduplication_id IS NOT NULL);


--
-- Name: workflow_status_created_at_index; Type: INDEX; Schema: dbos; Owner: -
--

CREATE INDEX workflow_status_created_at_index ON dbos.workflow_status USING btree (created_at);


--
-- Name: ix_history_request_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_history_request_id ON public.history USING btree (request_id);


--
-- Name: ix_requests_contact_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_requests_contact_id ON public.requests USING btree (contact_id);


--
-- Name: ix_requests_conversation_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_requests_conversation_id ON public.requests USING btree (conversation_id);


--
-- Name: ix_requests_next_look_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_requests_next_look_at ON public.requests USING btree (next_look_at);


--
-- Name: ix_requests_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_requests_state ON public.requests USING btree (state);


--
-- Name: notifications dbos_notifications_trigger; Type: TRIGGER; Schema: dbos; Owner: -
--

CREATE TRIGGER dbos_notifications_trigger AFTER INSERT ON dbos.notifications FOR EACH ROW EXECUTE FUNCTION dbos.notifications_function();


--
-- Name: notifications notifications_destination_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.notifications
    ADD CONSTRAINT notifications_destination_uuid_fkey FOREIGN KEY (destination_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: streams streams_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.streams
    ADD CONSTRAINT streams_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: workflow_events_history workflow_events_history_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events_history
    ADD CONSTRAINT workflow_events_history_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: workflow_events workflow_events_workflow_uuid_fkey; Type: FK CONSTRAINT; Schema: dbos; Owner: -
--

ALTER TABLE ONLY dbos.workflow_events
    ADD CONSTRAINT workflow_events_workflow_uuid_fkey FOREIGN KEY (workflow_uuid) REFERENCES dbos.workflow_status(workflow_uuid) ON UPDATE CASCADE ON DELETE CASCADE;


--
-- Name: history history_request_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.history
    ADD CONSTRAINT history_request_id_fkey FOREIGN KEY (request_id) REFERENCES public.requests(request_id);


--
-- Name: postings postings_request_id_fkey; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.postings
    ADD CONSTRAINT postings_request_id_fkey FOREIGN KEY (request_id) REFERENCES public.requests(request_id);


--
-- PostgreSQL database dump complete
--

\unrestrict Yvsgxx9a3DwBcoCgd0OxjmTcuOPqdEP0Dubsbh0IlWgFnGNnqxuDpK1uMDY24K1

