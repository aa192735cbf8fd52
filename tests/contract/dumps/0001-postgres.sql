--
-- PostgreSQL database dump
--


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
-- Name: fada_append_only(); Type: FUNCTION; Schema: public; Owner: -
--

CREATE FUNCTION public.fada_append_only() RETURNS trigger
    LANGUAGE plpgsql
    AS $$ BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$;


SET default_tablespace = '';

SET default_table_access_method = heap;

--
-- Name: alembic_version; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.alembic_version (
    version_num character varying(32) NOT NULL
);


--
-- Name: api_keys; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.api_keys (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    role character varying NOT NULL,
    name character varying NOT NULL,
    secret_hash character varying(64) NOT NULL,
    created_at timestamp with time zone NOT NULL,
    revoked_at timestamp with time zone,
    last_used_at timestamp with time zone
);


--
-- Name: artefacts; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.artefacts (
    result_id character varying(36) NOT NULL,
    "position" integer NOT NULL,
    site character varying NOT NULL,
    kind character varying NOT NULL,
    sha256 character varying(64) NOT NULL,
    media_type character varying NOT NULL,
    size bigint NOT NULL,
    sop_uid character varying(64) NOT NULL,
    frame integer NOT NULL,
    label character varying NOT NULL
);


--
-- Name: audit; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.audit (
    seq bigint NOT NULL,
    at timestamp with time zone NOT NULL,
    site character varying NOT NULL,
    actor character varying NOT NULL,
    action character varying NOT NULL,
    subject character varying NOT NULL,
    detail json NOT NULL
);


--
-- Name: audit_seq_seq; Type: SEQUENCE; Schema: public; Owner: -
--

CREATE SEQUENCE public.audit_seq_seq
    START WITH 1
    INCREMENT BY 1
    NO MINVALUE
    NO MAXVALUE
    CACHE 1;


--
-- Name: audit_seq_seq; Type: SEQUENCE OWNED BY; Schema: public; Owner: -
--

ALTER SEQUENCE public.audit_seq_seq OWNED BY public.audit.seq;


--
-- Name: device_codes; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.device_codes (
    code_hash character varying(64) NOT NULL,
    site character varying NOT NULL,
    made_by character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    used_at timestamp with time zone
);


--
-- Name: devices; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.devices (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    name character varying NOT NULL,
    public_key character varying NOT NULL,
    enrolled_at timestamp with time zone NOT NULL,
    last_seen_at timestamp with time zone,
    release character varying NOT NULL,
    revoked_at timestamp with time zone
);


--
-- Name: event_counters; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.event_counters (
    site character varying NOT NULL,
    seq bigint NOT NULL
);


--
-- Name: events; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.events (
    site character varying NOT NULL,
    seq bigint NOT NULL,
    type character varying NOT NULL,
    study_id character varying(36) NOT NULL,
    payload json NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: idempotency; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.idempotency (
    site character varying NOT NULL,
    key character varying NOT NULL,
    request_hash character varying NOT NULL,
    status integer NOT NULL,
    body bytea NOT NULL,
    media_type character varying NOT NULL,
    expires_at timestamp with time zone NOT NULL
);


--
-- Name: instances; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.instances (
    id character varying(36) NOT NULL,
    study_id character varying(36) NOT NULL,
    site character varying NOT NULL,
    series_uid character varying(64) NOT NULL,
    sop_uid character varying(64) NOT NULL,
    sop_class character varying(64) NOT NULL,
    transfer_syntax character varying(64) NOT NULL,
    modality character varying NOT NULL,
    sha256 character varying(64) NOT NULL,
    size bigint NOT NULL,
    rows integer NOT NULL,
    columns integer NOT NULL,
    frames integer NOT NULL,
    attributes json NOT NULL,
    received_at timestamp with time zone NOT NULL
);


--
-- Name: jobs; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.jobs (
    id character varying(36) NOT NULL,
    study_id character varying(36) NOT NULL,
    site character varying NOT NULL,
    state character varying NOT NULL,
    urgent boolean NOT NULL,
    attempts integer NOT NULL,
    score double precision NOT NULL,
    created_at timestamp with time zone NOT NULL,
    sent_at timestamp with time zone NOT NULL,
    request_id character varying NOT NULL,
    lease_owner character varying,
    lease_until timestamp with time zone,
    error_code character varying NOT NULL,
    error_detail text NOT NULL,
    finished_at timestamp with time zone
);


--
-- Name: outbox; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.outbox (
    id character varying(36) NOT NULL,
    topic character varying NOT NULL,
    subject character varying NOT NULL,
    payload json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    due_at timestamp with time zone NOT NULL,
    attempts integer NOT NULL,
    error text NOT NULL
);


--
-- Name: results; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.results (
    id character varying(36) NOT NULL,
    study_id character varying(36) NOT NULL,
    site character varying NOT NULL,
    version integer NOT NULL,
    origin character varying NOT NULL,
    author character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    report text NOT NULL,
    based_on integer,
    job_id character varying(36),
    scores json NOT NULL
);


--
-- Name: studies; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.studies (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    study_uid character varying(64) NOT NULL,
    state character varying NOT NULL,
    door character varying NOT NULL,
    urgent boolean NOT NULL,
    score double precision NOT NULL,
    reasons json NOT NULL,
    need_key double precision NOT NULL,
    received_at timestamp with time zone NOT NULL,
    instances integer NOT NULL,
    series integer NOT NULL,
    modalities character varying NOT NULL,
    latest_version integer NOT NULL,
    plane character varying NOT NULL,
    ga_days double precision,
    error_code character varying NOT NULL,
    attributes json NOT NULL,
    patient_name text NOT NULL,
    patient_id text NOT NULL,
    accession text NOT NULL,
    study_date text NOT NULL,
    study_time text NOT NULL,
    dicom_study_id text NOT NULL,
    description text NOT NULL,
    referring text NOT NULL,
    birth_date text NOT NULL,
    sex text NOT NULL,
    searched text NOT NULL
);


--
-- Name: uploads; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.uploads (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    owner character varying NOT NULL,
    length bigint,
    "offset" bigint NOT NULL,
    metadata json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    state character varying NOT NULL,
    outcome json NOT NULL
);


--
-- Name: webhooks; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.webhooks (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    url text NOT NULL,
    secret character varying NOT NULL,
    events json NOT NULL,
    created_at timestamp with time zone NOT NULL,
    disabled boolean NOT NULL
);


--
-- Name: audit seq; Type: DEFAULT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit ALTER COLUMN seq SET DEFAULT nextval('public.audit_seq_seq'::regclass);


--
-- Data for Name: alembic_version; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.alembic_version VALUES ('0001');


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.api_keys VALUES ('d2fd0871eee8f291', 'north', 'admin', 'admin of north', 'b892ce96ab7f4d8b9807afd915c507ffe87cf9bea89113d3aa36ff7afe8ab998', '2026-11-28 17:38:44.257213+00', NULL, '2026-11-28 17:38:44.385988+00');
INSERT INTO public.api_keys VALUES ('7ee45d3feb11d985', 'south', 'admin', 'admin of south', '67628469b6ab347057382d5c4546832e24f161ae3d88a99a7eaac893050aa03a', '2026-11-28 17:38:44.396596+00', NULL, '2026-11-28 17:38:44.449199+00');


--
-- Data for Name: artefacts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.artefacts VALUES ('01a2233c-ed39-755a-96ae-9b956c9a54b3', 0, 'north', 'report', '78972983e04b17996ff9afcb3eeae7dde673e63566b7835139683c835dc57a2a', 'application/json', 3938, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-ed90-748f-9941-bf9c5c078dec', 0, 'north', 'report', '43040ff604de7828bc9ed5a470062019f89247a0301623390335b07bb1b15b6c', 'application/json', 3938, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-eee5-72ef-a4b5-7a0edfd0537a', 0, 'north', 'report', '1c82c809cb047311d38f743f75f773cb8dfad4719706efe77e78d9e01ccf82fd', 'application/json', 3938, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-efb5-74f0-a0fc-58fb7b1766d8', 0, 'north', 'report', 'f568cdd218d3588072be60df4e8502fc070549ddfcba44eabf9acabd76a7ee63', 'application/json', 3938, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-f06d-7735-b880-81a5abb0f96a', 0, 'north', 'report', '7b9928c7750858bf55ddea536bdeaf2a401adb1e3025d04b43e09af577c4c666', 'application/json', 3919, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-f0c2-751e-9ca1-d8ad2c20f249', 0, 'north', 'report', '7bdce19ef0474e9385d129b1c93f2b0f182058c30f9c95aa05ab408ec5e9881d', 'application/json', 3919, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a2233c-f124-7460-b506-59918360ada4', 0, 'north', 'report', 'e650d8597017e2069dda453c174f68940c025ec0aeb7acbb0d4742c94ff464cc', 'application/json', 3919, '', 0, '');


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.audit VALUES (1, '2026-11-28 17:38:44.39375+00', 'north', 'key:d2fd0871eee8f291', 'device.code', '7f65a4b614a9', '{}');
INSERT INTO public.audit VALUES (2, '2026-11-28 17:38:44.451318+00', 'south', 'key:7ee45d3feb11d985', 'device.code', 'f20c744b4ee4', '{}');
INSERT INTO public.audit VALUES (3, '2026-11-28 17:38:44.522374+00', 'north', 'key:d2fd0871eee8f291', 'device.code', '629df11b224b', '{}');
INSERT INTO public.audit VALUES (4, '2026-11-28 17:38:44.562082+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'device.enrolled', '01a2233c-ead0-76aa-8522-712ad86ec747', '{}');
INSERT INTO public.audit VALUES (5, '2026-11-28 17:38:44.662258+00', 'north', 'key:d2fd0871eee8f291', 'device.code', '621896b9ed3a', '{}');
INSERT INTO public.audit VALUES (6, '2026-11-28 17:38:44.747047+00', 'north', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', 'device.enrolled', '01a2233c-eb8a-736d-a715-1a648e46b6c6', '{}');
INSERT INTO public.audit VALUES (7, '2026-11-28 17:38:44.910027+00', 'south', 'key:7ee45d3feb11d985', 'device.code', 'f3a372fbf7a6', '{}');
INSERT INTO public.audit VALUES (8, '2026-11-28 17:38:45.001118+00', 'south', 'device:01a2233c-ec84-7062-a8a7-bf407a8d4362', 'device.enrolled', '01a2233c-ec84-7062-a8a7-bf407a8d4362', '{}');
INSERT INTO public.audit VALUES (9, '2026-11-28 17:38:45.15405+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (10, '2026-11-28 17:38:45.189059+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (11, '2026-11-28 17:38:45.250727+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.urgent', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"urgent": true}');
INSERT INTO public.audit VALUES (12, '2026-11-28 17:38:45.273116+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 2, "origin": "phone"}');
INSERT INTO public.audit VALUES (13, '2026-11-28 17:38:45.56696+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"door": "phone", "instances": 1}');
INSERT INTO public.audit VALUES (14, '2026-11-28 17:38:45.607015+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 3, "origin": "phone"}');
INSERT INTO public.audit VALUES (15, '2026-11-28 17:38:45.713183+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"door": "phone", "instances": 1}');
INSERT INTO public.audit VALUES (16, '2026-11-28 17:38:45.794919+00', 'north', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', 'study.receive', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (17, '2026-11-28 17:38:45.823209+00', 'north', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', 'study.reported', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (18, '2026-11-28 17:38:45.92976+00', 'north', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', 'study.receive', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"door": "phone", "instances": 1}');
INSERT INTO public.audit VALUES (19, '2026-11-28 17:38:45.962685+00', 'south', 'device:01a2233c-ec84-7062-a8a7-bf407a8d4362', 'study.receive', '01a2233c-f04a-7441-9d92-f08bac6eac16', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (20, '2026-11-28 17:38:45.985623+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (21, '2026-11-28 17:38:46.006149+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (22, '2026-11-28 17:38:46.101056+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"version": 2, "origin": "phone"}');
INSERT INTO public.audit VALUES (23, '2026-11-28 17:38:46.147136+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (24, '2026-11-28 17:38:46.198009+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.reported', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (25, '2026-11-28 17:38:46.235561+00', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 'study.receive', '01a2233c-f15a-75f6-86d6-99598a757dc2', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (26, '2026-11-28 17:38:46.377982+00', 'north', 'key:d2fd0871eee8f291', 'study.receive', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (27, '2026-11-28 17:38:46.459006+00', 'north', 'key:d2fd0871eee8f291', 'study.receive', '01a2233c-f227-7379-a439-cd8f2231f943', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (28, '2026-11-28 17:38:46.512496+00', 'north', 'key:d2fd0871eee8f291', 'study.receive', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (29, '2026-11-28 17:38:46.668709+00', 'north', 'key:d2fd0871eee8f291', 'study.reported', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 2, "origin": "review"}');
INSERT INTO public.audit VALUES (30, '2026-11-28 17:38:46.671757+00', 'north', 'key:d2fd0871eee8f291', 'review.save', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 2}');
INSERT INTO public.audit VALUES (31, '2026-11-28 17:38:46.717914+00', 'north', 'key:d2fd0871eee8f291', 'study.reviewed', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 3, "origin": "review"}');
INSERT INTO public.audit VALUES (32, '2026-11-28 17:38:46.718059+00', 'north', 'key:d2fd0871eee8f291', 'review.sign', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 3}');
INSERT INTO public.audit VALUES (33, '2026-11-28 17:38:46.740201+00', 'north', 'key:d2fd0871eee8f291', 'share.created', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"share": "01a2233c-f34d-73e4-8e3f-ad3d49f7bd6d", "expires_at": "2026-12-27T21:38:46+00:00"}');
INSERT INTO public.audit VALUES (34, '2026-11-28 17:38:46.753598+00', 'north', 'key:d2fd0871eee8f291', 'share.created', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"share": "01a2233c-f35e-744b-9262-8c34760e5b51", "expires_at": "2026-12-01T17:38:46+00:00"}');
INSERT INTO public.audit VALUES (35, '2026-11-28 17:38:46.7703+00', 'north', 'key:d2fd0871eee8f291', 'share.created', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"share": "01a2233c-f371-7653-b653-1d0934d45757", "expires_at": "2026-12-01T17:38:46+00:00"}');
INSERT INTO public.audit VALUES (36, '2026-11-28 17:38:46.781258+00', 'north', 'key:d2fd0871eee8f291', 'share.created', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"share": "01a2233c-f378-772d-897c-cb3262ca6fa0", "expires_at": "2026-11-28T17:44:46+00:00"}');
INSERT INTO public.audit VALUES (37, '2026-11-28 17:38:46.78934+00', 'north', 'key:d2fd0871eee8f291', 'share.revoked', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"share": "01a2233c-f371-7653-b653-1d0934d45757"}');
INSERT INTO public.audit VALUES (38, '2026-11-28 17:38:46.810483+00', 'north', 'key:d2fd0871eee8f291', 'share.created', '01a2233c-f227-7379-a439-cd8f2231f943', '{"share": "01a2233c-f399-77be-9c08-5b8659b17160", "expires_at": "2026-11-29T17:38:46+00:00"}');
INSERT INTO public.audit VALUES (39, '2026-11-28 17:38:46.907539+00', 'north', 'key:d2fd0871eee8f291', 'study.receive', '01a2233c-f3fa-77cb-a121-8808aa37a72c', '{"door": "tus", "instances": 1}');
INSERT INTO public.audit VALUES (40, '2026-11-28 17:38:46.97562+00', 'north', 'key:d2fd0871eee8f291', 'study.receive', '01a2233c-f434-74b8-857c-fe73848c272a', '{"door": "web", "instances": 1}');


--
-- Data for Name: device_codes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.device_codes VALUES ('7f65a4b614a9a674975f09371654742d6190f01cb96210a9b80d19a531692299', 'north', 'key:d2fd0871eee8f291', '2026-11-28 17:38:44.388558+00', '2026-11-28 17:53:44.388558+00', NULL);
INSERT INTO public.device_codes VALUES ('f20c744b4ee438843c2a6b6e4a50cfdc94dad313a6978235225c65f8924b4cf8', 'south', 'key:7ee45d3feb11d985', '2026-11-28 17:38:44.450968+00', '2026-11-28 17:53:44.450968+00', NULL);
INSERT INTO public.device_codes VALUES ('629df11b224b145c5cb7cb91aae804daadd7ad89c535e9f41bf8265b2b158170', 'north', 'key:d2fd0871eee8f291', '2026-11-28 17:38:44.521574+00', '2026-11-28 17:53:44.521574+00', '2026-11-28 17:38:44.557739+00');
INSERT INTO public.device_codes VALUES ('621896b9ed3a8fcf0f277086039e3a2ca97eb22ba184633291eee7ade13c5358', 'north', 'key:d2fd0871eee8f291', '2026-11-28 17:38:44.66159+00', '2026-11-28 17:53:44.66159+00', '2026-11-28 17:38:44.730755+00');
INSERT INTO public.device_codes VALUES ('f3a372fbf7a66c85ec6152476a96f43a4106996d2343c61c1fa2537824a7c1ee', 'south', 'key:7ee45d3feb11d985', '2026-11-28 17:38:44.909251+00', '2026-11-28 17:53:44.909251+00', '2026-11-28 17:38:44.995002+00');


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.devices VALUES ('01a2233c-eb8a-736d-a715-1a648e46b6c6', 'north', 'laptop', 'SWLU8DdVeH1gay1dA7jti8r1wexJMhFGbKw9YmTtLM8=', '2026-11-28 17:38:44.730755+00', '2026-11-28 17:38:45.826094+00', 'fada-nano-0.9.0', NULL);
INSERT INTO public.devices VALUES ('01a2233c-ec84-7062-a8a7-bf407a8d4362', 'south', 'other', 'ARxDsmsB5kZwvbeGzYvGlD9YYt/LHyl+iCuOs59cjvQ=', '2026-11-28 17:38:44.995002+00', '2026-11-28 17:38:45.958198+00', '', NULL);
INSERT INTO public.devices VALUES ('01a2233c-ead0-76aa-8522-712ad86ec747', 'north', 'midwife''s phone', 'blXaR1laWGANFOTWAWFpOGLpWeCqtLAR8R17+jyt8xo=', '2026-11-28 17:38:44.557739+00', '2026-11-28 17:38:46.206441+00', 'fada-nano-0.9.0', NULL);


--
-- Data for Name: event_counters; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.event_counters VALUES ('south', 1);
INSERT INTO public.event_counters VALUES ('north', 27);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES ('north', 1, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:45.198545+00');
INSERT INTO public.events VALUES ('north', 2, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 1, "result_id": "01a2233c-ed39-755a-96ae-9b956c9a54b3", "origin": "phone"}', '2026-11-28 17:38:45.198549+00');
INSERT INTO public.events VALUES ('north', 3, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 2, "result_id": "01a2233c-ed90-748f-9941-bf9c5c078dec", "origin": "phone"}', '2026-11-28 17:38:45.283047+00');
INSERT INTO public.events VALUES ('north', 4, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"job_id": "01a2233c-eeb2-70d1-b1d9-ca3d67f1a810", "instances": 1}', '2026-11-28 17:38:45.56814+00');
INSERT INTO public.events VALUES ('north', 5, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"version": 3, "result_id": "01a2233c-eee5-72ef-a4b5-7a0edfd0537a", "origin": "phone"}', '2026-11-28 17:38:45.62022+00');
INSERT INTO public.events VALUES ('north', 6, 'study.received', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"job_id": "01a2233c-eeb2-70d1-b1d9-ca3d67f1a810", "instances": 1}', '2026-11-28 17:38:45.720745+00');
INSERT INTO public.events VALUES ('north', 7, 'study.received', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:45.838149+00');
INSERT INTO public.events VALUES ('north', 8, 'study.received', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"version": 1, "result_id": "01a2233c-efb5-74f0-a0fc-58fb7b1766d8", "origin": "phone"}', '2026-11-28 17:38:45.838153+00');
INSERT INTO public.events VALUES ('north', 9, 'study.received', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"job_id": "01a2233c-f021-75fa-b3a3-1770d94ed41f", "instances": 1}', '2026-11-28 17:38:45.93371+00');
INSERT INTO public.events VALUES ('south', 1, 'study.received', '01a2233c-f04a-7441-9d92-f08bac6eac16', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:45.967818+00');
INSERT INTO public.events VALUES ('north', 10, 'study.received', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:46.009933+00');
INSERT INTO public.events VALUES ('north', 11, 'study.received', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"version": 1, "result_id": "01a2233c-f06d-7735-b880-81a5abb0f96a", "origin": "phone"}', '2026-11-28 17:38:46.009938+00');
INSERT INTO public.events VALUES ('north', 12, 'study.received', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"version": 2, "result_id": "01a2233c-f0c2-751e-9ca1-d8ad2c20f249", "origin": "phone"}', '2026-11-28 17:38:46.103983+00');
INSERT INTO public.events VALUES ('north', 13, 'study.received', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:46.216223+00');
INSERT INTO public.events VALUES ('north', 14, 'study.received', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"version": 1, "result_id": "01a2233c-f124-7460-b506-59918360ada4", "origin": "phone"}', '2026-11-28 17:38:46.216228+00');
INSERT INTO public.events VALUES ('north', 15, 'study.received', '01a2233c-f15a-75f6-86d6-99598a757dc2', '{"job_id": null, "instances": 0}', '2026-11-28 17:38:46.247775+00');
INSERT INTO public.events VALUES ('north', 16, 'study.received', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"job_id": "01a2233c-f1e3-7180-8d64-7d0989618011", "instances": 1}', '2026-11-28 17:38:46.394674+00');
INSERT INTO public.events VALUES ('north', 17, 'study.received', '01a2233c-f227-7379-a439-cd8f2231f943', '{"job_id": "01a2233c-f235-72d3-ae00-31ebda3ce0b2", "instances": 1}', '2026-11-28 17:38:46.460232+00');
INSERT INTO public.events VALUES ('north', 18, 'study.received', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"job_id": "01a2233c-f26b-7015-95d3-28bf87cc23fc", "instances": 1}', '2026-11-28 17:38:46.513537+00');
INSERT INTO public.events VALUES ('north', 19, 'study.analysing', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"job_id": "01a2233c-f1e3-7180-8d64-7d0989618011"}', '2026-11-28 17:38:46.625211+00');
INSERT INTO public.events VALUES ('north', 20, 'study.ready', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 1, "result_id": "01a2233c-f2bb-732b-992b-e7bc0ff3dd19", "origin": "hub", "job_id": "01a2233c-f1e3-7180-8d64-7d0989618011"}', '2026-11-28 17:38:46.625217+00');
INSERT INTO public.events VALUES ('north', 21, 'study.reviewed', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 2, "result_id": "01a2233c-f303-767c-8d4c-2eea28559692", "origin": "review"}', '2026-11-28 17:38:46.674621+00');
INSERT INTO public.events VALUES ('north', 22, 'study.reviewed', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"version": 3, "result_id": "01a2233c-f339-71cc-955f-7fa8c0a832d4", "origin": "review"}', '2026-11-28 17:38:46.721682+00');
INSERT INTO public.events VALUES ('north', 23, 'study.received', '01a2233c-f3fa-77cb-a121-8808aa37a72c', '{"job_id": "01a2233c-f3fb-70db-b20b-5af30440eb4d", "instances": 1}', '2026-11-28 17:38:46.908082+00');
INSERT INTO public.events VALUES ('north', 24, 'study.received', '01a2233c-f434-74b8-857c-fe73848c272a', '{"job_id": "01a2233c-f43d-722d-a2ca-8e58cab1e94f", "instances": 1}', '2026-11-28 17:38:46.976666+00');
INSERT INTO public.events VALUES ('north', 25, 'study.analysing', '01a2233c-f227-7379-a439-cd8f2231f943', '{"job_id": "01a2233c-f235-72d3-ae00-31ebda3ce0b2"}', '2026-11-28 17:38:49.061584+00');
INSERT INTO public.events VALUES ('north', 26, 'study.analysing', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"job_id": "01a2233c-f26b-7015-95d3-28bf87cc23fc"}', '2026-11-28 17:38:49.061589+00');
INSERT INTO public.events VALUES ('north', 27, 'study.failed', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"job_id": "01a2233c-f26b-7015-95d3-28bf87cc23fc", "code": "model_output"}', '2026-11-28 17:38:49.06159+00');


--
-- Data for Name: idempotency; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.idempotency VALUES ('north', 'challenge:2e0cb0c26b2844adf627fea93951064a', '5c8bf4baf1be006eeba86ed5fc2cd8b6', 0, '\x', '', '2026-11-28 17:42:45.089306+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7', '', 0, '\x7b226964223a202230316132323333632d656363362d373437352d623863632d386138386464396230356437222c20226f776e6572223a20226465766963653a30316132323333632d656164302d373661612d383532322d373132616438366563373437222c202273747564795f756964223a2022322e32352e32313731303934373938313731383136323039323639323134303439323134333334343233222c20227069637475726573223a205b7b22736861323536223a202234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337222c202273697a65223a2036303234302c20226d656469615f74797065223a2022696d6167652f706e67227d5d2c2022757267656e74223a2066616c73652c2022706978656c5f6d6d223a205b302e322c20302e32315d2c20227375626a656374223a207b2270617469656e745f6e616d65223a2022446f655e4a616e65222c202270617469656e745f6964223a2022502d31222c202273747564795f64617465223a20223230323630333031227d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-ed1a-7367-816b-4d887f79078d', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138386464396230356437227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7:v1', 'bbc6079f173cfce3790956543a6e49c71294c89aa15393aff6e4452b95e76a8e', 0, '\x7b22726573756c745f76657273696f6e223a20312c20227069637475726573223a205b2234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7:v2', '8a4e0eb2ff533f61835d62447fe983893ef3413e538194200dc71dea02747380', 0, '\x7b22726573756c745f76657273696f6e223a20322c20227069637475726573223a205b2234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7:p4fb987e1fe8fc854a23e872598ef43aa57b665c37ff23cee08ec1158cb955037', '', 0, '\x7b22736f705f756964223a2022322e32352e323338303731383230373433343434313732313435393737323137313835363636303835393133227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7:v3', 'a9bba9d9b6602a1b44df4177ea293f0d353823735d851153654c00b16b8bd30a', 0, '\x7b22726573756c745f76657273696f6e223a20332c20227069637475726573223a205b2234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337222c202235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a88dd9b05d7:p5d09c20dad8a2720f2d005bcda89467f1b1071f5b5ecf6fcb724c7775ad07475', '', 0, '\x7b22736f705f756964223a2022322e32352e323135313536353834393330373335323533303236373239343639363539383334303735323836227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'challenge:13883ca6ddf80aa17a9d5bb68295a12c', '86c53e24276ea57f4d057c6926f33c60', 0, '\x', '', '2026-11-28 17:42:45.767705+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8911206c92', '', 0, '\x7b226964223a202230316132323333632d656363362d373437352d623863632d386138393131323036633932222c20226f776e6572223a20226465766963653a30316132323333632d656238612d373336642d613731352d316136343865343662366336222c202273747564795f756964223a2022322e32352e32313731303934373938313731383136323039323639323134303530303738373135303236222c20227069637475726573223a205b7b22736861323536223a202235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735222c202273697a65223a2032333633352c20226d656469615f74797065223a2022696d6167652f6a706567227d2c207b22736861323536223a202234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337222c202273697a65223a2036303234302c20226d656469615f74797065223a2022696d6167652f706e67227d5d2c2022757267656e74223a2066616c73652c2022706978656c5f6d6d223a206e756c6c2c20227375626a656374223a207b2270617469656e745f6e616d65223a2022222c202270617469656e745f6964223a2022222c202273747564795f64617465223a2022227d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-efa2-7106-ae1e-f2295db4e12c', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138393131323036633932227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8911206c92:v1', '93678adab9d0d0edf49d98489b9f01771d16c4f531143946795cb6f8d2aec395', 0, '\x7b22726573756c745f76657273696f6e223a20312c20227069637475726573223a205b2235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735222c202234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8911206c92:p5d09c20dad8a2720f2d005bcda89467f1b1071f5b5ecf6fcb724c7775ad07475', '', 0, '\x7b22736f705f756964223a2022322e32352e323637333130303439303135323732373330323639313531343233373634363937343332373939227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('south', 'challenge:244b62edbe511e2c780792e13d63b7b0', '57a0a7bd002b174a849ecdfdb3543f14', 0, '\x', '', '2026-11-28 17:42:45.95642+00');
INSERT INTO public.idempotency VALUES ('south', 'case:01a2233c-ecc6-7475-b8cc-8a8abed45f78', '', 0, '\x7b226964223a202230316132323333632d656363362d373437352d623863632d386138616265643435663738222c20226f776e6572223a20226465766963653a30316132323333632d656338342d373036322d613861372d626634303761386434333632222c202273747564795f756964223a2022322e32352e32313731303934373938313731383136323039323639323134303537323837393333383136222c20227069637475726573223a205b7b22736861323536223a202234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337222c202273697a65223a2036303234302c20226d656469615f74797065223a2022696d6167652f706e67227d5d2c2022757267656e74223a2066616c73652c2022706978656c5f6d6d223a206e756c6c2c20227375626a656374223a207b2270617469656e745f6e616d65223a2022222c202270617469656e745f6964223a2022222c202273747564795f64617465223a2022227d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('south', 'case-of:01a2233c-f04a-7441-9d92-f08bac6eac16', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138616265643435663738227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('south', 'case:01a2233c-ecc6-7475-b8cc-8a8abed45f78:v1', 'e66d15ef1b96b1f6ee013b089852e064e17f34bb08424739af887b8f155c9764', 0, '\x7b22726573756c745f76657273696f6e223a20302c20227069637475726573223a205b2234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8b76af652e', '', 0, '\x7b226964223a202230316132323333632d656363362d373437352d623863632d386138623736616636353265222c20226f776e6572223a20226465766963653a30316132323333632d656164302d373661612d383532322d373132616438366563373437222c202273747564795f756964223a2022312e322e3832362e302e312e333638303034332e392e37222c20227069637475726573223a205b7b22736861323536223a202234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337222c202273697a65223a2036303234302c20226d656469615f74797065223a2022696d6167652f706e67227d5d2c2022757267656e74223a2066616c73652c2022706978656c5f6d6d223a206e756c6c2c20227375626a656374223a207b2270617469656e745f6e616d65223a2022222c202270617469656e745f6964223a2022222c202273747564795f64617465223a2022227d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-f05d-753b-b4c4-4770683a0c1d', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138623736616636353265227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8b76af652e:v1', '854849ffcd4f8c40582f0b93a6900c112ef57c28a1d8e08a584cfac2f477dadd', 0, '\x7b22726573756c745f76657273696f6e223a20312c20227069637475726573223a205b2234666239383765316665386663383534613233653837323539386566343361613537623636356333376666323363656530386563313135386362393535303337225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8ce4585cca', '', 0, '\x7b226964223a202230316132323333632d656363362d373437352d623863632d386138636534353835636361222c20226f776e6572223a20226465766963653a30316132323333632d656164302d373661612d383532322d373132616438366563373437222c202273747564795f756964223a2022312e322e3832362e302e312e333638303034332e392e37222c20227069637475726573223a205b7b22736861323536223a202235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735222c202273697a65223a2032333633352c20226d656469615f74797065223a2022696d6167652f6a706567227d5d2c2022757267656e74223a2066616c73652c2022706978656c5f6d6d223a206e756c6c2c20227375626a656374223a207b2270617469656e745f6e616d65223a2022222c202270617469656e745f6964223a2022222c202273747564795f64617465223a2022227d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-f05d-753b-b4c4-4770683a0c1d:1', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138636534353835636361227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8ce4585cca:v1', 'c42d0d347b7f3a55fde76942eb4f9b8cc167c864e2e0208a857ce6cd77dc691a', 0, '\x7b22726573756c745f76657273696f6e223a20322c20227069637475726573223a205b2235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-f0fd-706c-a248-180f1a937a03', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138636534353835636361227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8ce4585cca:v2', '4550886ce8e4760e3638f031674afd877a65afac98a36cdfe12921519d2b1550', 0, '\x7b22726573756c745f76657273696f6e223a20312c20227069637475726573223a205b2235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case-of:01a2233c-f15a-75f6-86d6-99598a757dc2', '', 0, '\x7b2263617365223a202230316132323333632d656363362d373437352d623863632d386138636534353835636361227d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', 'case:01a2233c-ecc6-7475-b8cc-8a8ce4585cca:v3', '28a8ccf71b26d726b3ce52d0c35c84949ba00df4c65a8ce1386b3d7984bbfa6d', 0, '\x7b22726573756c745f76657273696f6e223a20302c20227069637475726573223a205b2235643039633230646164386132373230663264303035626364613839343637663162313037316635623565636636666362373234633737373561643037343735225d7d', 'application/json', '9000-01-01 00:00:00+00');
INSERT INTO public.idempotency VALUES ('north', '21ea52fb0cbd9418a0585b402299cb7366ca150f7896682fe6a3df96e609edc4', '5ae79c5b3a2c5115aecaa9a956f7da62e790368ec5f9be45cb97fb9b97db1b82', 200, '\x7b226974656d73223a5b7b226e616d65223a2275706c6f6164222c226163636570746564223a747275652c226e6577223a747275652c2273747564795f6964223a2230316132323333632d663433342d373462382d383537632d666537333834386332373261222c2273747564795f756964223a22322e32352e313839323138353532363133363031373032363030343836323935323033343236323335353632222c22736f705f756964223a22322e32352e31353735393239323730383337313732343634353635313830393937353235303232313830222c22736861323536223a2235633839636431376332623237393830363933363334356136306139646439643439653462333635326364666539333131326663353030666233633337303334222c226a6f625f6964223a2230316132323333632d663433642d373232642d613263612d386535386361623165393466222c2270726f626c656d223a6e756c6c7d5d2c226163636570746564223a312c2272656675736564223a307d', 'application/json', '2026-11-30 17:38:46.98106+00');


--
-- Data for Name: instances; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.instances VALUES ('01a2233c-ee9d-7500-81fd-1afe1407bc9f', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', '2.25.74609395272987539231385467393663049719', '2.25.238071820743444172145977217185666085913', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', 'aa8a479d73ea3e76ca6ae35e74540489ae549f13d6f81f7fde322dba9df80eb5', 178292, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.74609395272987539231385467393663049719"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.238071820743444172145977217185666085913"]}, "00080023": {"vr": "DA", "Value": ["20260301"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["Pixel size given by hand at upload; not read from the image."]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:45.53319+00');
INSERT INTO public.instances VALUES ('01a2233c-ef32-766d-9d79-9c162c3deb10', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', '2.25.74609395272987539231385467393663049719', '2.25.215156584930735253026729469659834075286', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', 'b84cfb75ef640ccebde49c22102d4aca0f7b7a62a7f0802a0fba5935650eebe4', 24838, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.74609395272987539231385467393663049719"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.215156584930735253026729469659834075286"]}, "00080023": {"vr": "DA", "Value": ["20260301"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["Pixel size given by hand at upload; not read from the image."]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:45.682652+00');
INSERT INTO public.instances VALUES ('01a2233c-f019-77e8-b9bb-8bbe25338c74', '01a2233c-efa2-7106-ae1e-f2295db4e12c', 'north', '2.25.13897058380262756688848838581553852057', '2.25.267310049015272730269151423764697432799', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', 'bf7936b630f2630e36ee0bc6332ab4c5439679e0ce042c534b34075f142a71c1', 24590, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.13897058380262756688848838581553852057"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.267310049015272730269151423764697432799"]}, "00080023": {"vr": "DA"}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:45.913148+00');
INSERT INTO public.instances VALUES ('01a2233c-f1e0-77ad-837d-6d37d17a50ad', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', '2.25.169558173162659861374343531264738356932', '2.25.89123223416480081864452364356571736588', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', '735652b77aab71733fc43ee63f1505b95262ba63655c70455b310f61afee6dcf', 24848, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.169558173162659861374343531264738356932"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.89123223416480081864452364356571736588"]}, "00080023": {"vr": "DA", "Value": ["20250115"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["HC18, CC BY 4.0, Zenodo 1322001"]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:46.368892+00');
INSERT INTO public.instances VALUES ('01a2233c-f22d-70fd-8282-0c5d340877cf', '01a2233c-f227-7379-a439-cd8f2231f943', 'north', '2.25.308502172055664832166492779533084192126', '2.25.155116774910376462780292584031684607142', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', '3039b89fcdcc1705bf8a49078af71050373c054826547800e0d43ba1a5804369', 23932, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.308502172055664832166492779533084192126"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.155116774910376462780292584031684607142"]}, "00080023": {"vr": "DA", "Value": ["20250115"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["HC18, CC BY 4.0, Zenodo 1322001"]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:46.445182+00');
INSERT INTO public.instances VALUES ('01a2233c-f26a-7309-9393-a2d1fe504862', '01a2233c-f269-742d-9dcc-e4c20e6562ca', 'north', '2.25.36788743177164990995888331904057094163', '2.25.44196217878743747327209781799997591266', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', '9c2999c6b6e8259ae22d5b47ed53a6ee362afc3a2f1883d1bf50357545c92822', 37780, 512, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.36788743177164990995888331904057094163"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.44196217878743747327209781799997591266"]}, "00080023": {"vr": "DA", "Value": ["20250115"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["FETAL_PLANES_DB, CC BY 4.0, Zenodo 3904280"]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [512]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:46.506445+00');
INSERT INTO public.instances VALUES ('01a2233c-f3fa-77cb-a121-8809c81f9db7', '01a2233c-f3fa-77cb-a121-8808aa37a72c', 'north', '2.25.335828550420954335659731555191606166110', '2.25.215621996269898603095324737617037472528', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', 'b327ab12c033d6911198611235a7e833a59b9b91d7ffe06515609d971c33ca4e', 23444, 376, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.335828550420954335659731555191606166110"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.215621996269898603095324737617037472528"]}, "00080023": {"vr": "DA", "Value": ["20250115"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["Dataset for Fetus Framework, CC BY 4.0, Mendeley n2rbrb9t4f"]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [376]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:46.906676+00');
INSERT INTO public.instances VALUES ('01a2233c-f43d-722d-a2ca-8e578e1cd6ed', '01a2233c-f434-74b8-857c-fe73848c272a', 'north', '2.25.148112728924649808325769255469293671455', '2.25.1575929270837172464565180997525022180', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.4.50', 'US', '5c89cd17c2b279806936345a60a9dd9d49e4b3652cdfe93112fc500fb3c37034', 32360, 346, 512, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.148112728924649808325769255469293671455"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.1575929270837172464565180997525022180"]}, "00080023": {"vr": "DA", "Value": ["20250115"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["HC18, CC BY 4.0, Zenodo 1322001"]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [346]}, "00280011": {"vr": "US", "Value": [512]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-28 17:38:46.97312+00');


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES ('01a2233c-eeb2-70d1-b1d9-ca3d67f1a810', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', 'queued', true, 0, 1003, '2026-11-28 17:38:45.554233+00', '2026-11-28 17:38:45.554233+00', '5c5d7008a5214754873dd2106d6e9e93', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a2233c-f021-75fa-b3a3-1770d94ed41f', '01a2233c-efa2-7106-ae1e-f2295db4e12c', 'north', 'queued', false, 0, 3.0000000000000027, '2026-11-28 17:38:45.921351+00', '2026-11-28 17:38:45.921351+00', '960a118329664aac887d68f6eca0c4f8', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a2233c-f1e3-7180-8d64-7d0989618011', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', 'done', false, 0, 0, '2026-11-28 17:38:46.371611+00', '2026-11-28 17:38:46.371611+00', '1ffabd5fe9a542e9984d5ab0ba454b9a', 'test', NULL, '', '', '2026-11-28 17:38:46.587797+00');
INSERT INTO public.jobs VALUES ('01a2233c-f3fb-70db-b20b-5af30440eb4d', '01a2233c-f3fa-77cb-a121-8808aa37a72c', 'north', 'queued', false, 0, 0, '2026-11-28 17:38:46.90713+00', '2026-11-28 17:38:46.90713+00', 'e25ac0c96cbe47cf8cbdad6595894120', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a2233c-f43d-722d-a2ca-8e58cab1e94f', '01a2233c-f434-74b8-857c-fe73848c272a', 'north', 'queued', false, 0, 0, '2026-11-28 17:38:46.973791+00', '2026-11-28 17:38:46.973791+00', '378b758fbbf44981a960be0cc6914074', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a2233c-f235-72d3-ae00-31ebda3ce0b2', '01a2233c-f227-7379-a439-cd8f2231f943', 'north', 'queued', false, 0, 0, '2026-11-28 17:38:46.453934+00', '2026-11-28 18:38:49.023054+00', '0dfb50ff70ae4fbf8f35ef61de03e3b5', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a2233c-f26b-7015-95d3-28bf87cc23fc', '01a2233c-f269-742d-9dcc-e4c20e6562ca', 'north', 'dead', false, 1, 0, '2026-11-28 17:38:46.50729+00', '2026-11-28 17:38:46.50729+00', '2824ed55e8e442b38ab716e499bb41e3', 'w', NULL, 'model_output', 'broken', '2026-11-28 17:38:49.0484+00');


--
-- Data for Name: outbox; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox VALUES ('01a2233c-ed55-70ac-97f2-18ab874a6eff', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 2, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.205437+00', '2026-11-28 17:38:45.205437+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-ed98-753f-a7f5-64222b420734', 'push', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"site": "north", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d", "version": 2, "result_id": "01a2233c-ed90-748f-9941-bf9c5c078dec"}', '2026-11-28 17:38:45.272797+00', '2026-11-28 17:38:45.272797+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-eda3-7381-9f9b-cddb1fe79a55', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 3, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.283358+00', '2026-11-28 17:38:45.283358+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-eec0-7697-89ea-0daedda94377', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 4, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.568366+00', '2026-11-28 17:38:45.568366+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-eee6-7603-80a9-d6d15c3ae0f5', 'push', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"site": "north", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d", "version": 3, "result_id": "01a2233c-eee5-72ef-a4b5-7a0edfd0537a"}', '2026-11-28 17:38:45.606831+00', '2026-11-28 17:38:45.606831+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-eefd-7087-84e7-cd94398a5938', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 5, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.629569+00', '2026-11-28 17:38:45.629569+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-ef5a-7662-b654-a7cd4cfc18f8', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 6, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.722888+00', '2026-11-28 17:38:45.722888+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-efbe-7071-b8c2-4f188fb8ec49', 'push', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"site": "north", "study_id": "01a2233c-efa2-7106-ae1e-f2295db4e12c", "version": 1, "result_id": "01a2233c-efb5-74f0-a0fc-58fb7b1766d8"}', '2026-11-28 17:38:45.822445+00', '2026-11-28 17:38:45.822445+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-efce-700c-a49a-1bc60c01452b', 'webhook', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 7, "type": "study.received", "study_id": "01a2233c-efa2-7106-ae1e-f2295db4e12c"}', '2026-11-28 17:38:45.838393+00', '2026-11-28 17:38:45.838393+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-efd1-72c8-8997-70328fe136e0', 'webhook', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 8, "type": "study.received", "study_id": "01a2233c-efa2-7106-ae1e-f2295db4e12c"}', '2026-11-28 17:38:45.841316+00', '2026-11-28 17:38:45.841316+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f02d-7600-8507-815b5f4efccf', 'webhook', '01a2233c-efa2-7106-ae1e-f2295db4e12c', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 9, "type": "study.received", "study_id": "01a2233c-efa2-7106-ae1e-f2295db4e12c"}', '2026-11-28 17:38:45.933871+00', '2026-11-28 17:38:45.933871+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f075-7026-b9f1-8d3ae81d91fb', 'push', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"site": "north", "study_id": "01a2233c-f05d-753b-b4c4-4770683a0c1d", "version": 1, "result_id": "01a2233c-f06d-7735-b880-81a5abb0f96a"}', '2026-11-28 17:38:46.005965+00', '2026-11-28 17:38:46.005965+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f07a-7401-b7f6-7f1f440a2120', 'webhook', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 10, "type": "study.received", "study_id": "01a2233c-f05d-753b-b4c4-4770683a0c1d"}', '2026-11-28 17:38:46.010118+00', '2026-11-28 17:38:46.010118+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f07a-7401-b7f6-7f20eede5189', 'webhook', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 11, "type": "study.received", "study_id": "01a2233c-f05d-753b-b4c4-4770683a0c1d"}', '2026-11-28 17:38:46.010374+00', '2026-11-28 17:38:46.010374+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f0cc-72e8-8152-6e031de11a4a', 'push', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"site": "north", "study_id": "01a2233c-f05d-753b-b4c4-4770683a0c1d", "version": 2, "result_id": "01a2233c-f0c2-751e-9ca1-d8ad2c20f249"}', '2026-11-28 17:38:46.092204+00', '2026-11-28 17:38:46.092204+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f0d8-754a-a598-a9fdf5a60282', 'webhook', '01a2233c-f05d-753b-b4c4-4770683a0c1d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 12, "type": "study.received", "study_id": "01a2233c-f05d-753b-b4c4-4770683a0c1d"}', '2026-11-28 17:38:46.104204+00', '2026-11-28 17:38:46.104204+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f134-77e8-8bc6-c7b5ffff8f37', 'push', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"site": "north", "study_id": "01a2233c-f0fd-706c-a248-180f1a937a03", "version": 1, "result_id": "01a2233c-f124-7460-b506-59918360ada4"}', '2026-11-28 17:38:46.196551+00', '2026-11-28 17:38:46.196551+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f148-723f-9bfd-e0996a8af6c6', 'webhook', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 13, "type": "study.received", "study_id": "01a2233c-f0fd-706c-a248-180f1a937a03"}', '2026-11-28 17:38:46.21691+00', '2026-11-28 17:38:46.21691+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f149-75a1-af61-bddaa2e0aca1', 'webhook', '01a2233c-f0fd-706c-a248-180f1a937a03', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 14, "type": "study.received", "study_id": "01a2233c-f0fd-706c-a248-180f1a937a03"}', '2026-11-28 17:38:46.217551+00', '2026-11-28 17:38:46.217551+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f168-70bf-8026-9de94bd71a0b', 'webhook', '01a2233c-f15a-75f6-86d6-99598a757dc2', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 15, "type": "study.received", "study_id": "01a2233c-f15a-75f6-86d6-99598a757dc2"}', '2026-11-28 17:38:46.248685+00', '2026-11-28 17:38:46.248685+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f1fd-7466-a52f-f6a8191e9ead', 'webhook', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 16, "type": "study.received", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6"}', '2026-11-28 17:38:46.397705+00', '2026-11-28 17:38:46.397705+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f23d-70f3-be59-dec26e6fa0fb', 'webhook', '01a2233c-f227-7379-a439-cd8f2231f943', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 17, "type": "study.received", "study_id": "01a2233c-f227-7379-a439-cd8f2231f943"}', '2026-11-28 17:38:46.461173+00', '2026-11-28 17:38:46.461173+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-ed51-73a1-8713-74c77021d8c9', 'webhook', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 1, "type": "study.received", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d"}', '2026-11-28 17:38:45.201072+00', '2026-11-28 17:38:54.077396+00', 1, 'webhook_failed');
INSERT INTO public.outbox VALUES ('01a2233c-f271-777b-ab92-e90172538e22', 'webhook', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 18, "type": "study.received", "study_id": "01a2233c-f269-742d-9dcc-e4c20e6562ca"}', '2026-11-28 17:38:46.513691+00', '2026-11-28 17:38:46.513691+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f2cf-75ba-87dc-ccf611a1a452', 'push', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"site": "north", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6", "version": 1, "result_id": "01a2233c-f2bb-732b-992b-e7bc0ff3dd19"}', '2026-11-28 17:38:46.607958+00', '2026-11-28 17:38:46.607958+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f2e5-732a-a0d4-ae2c3a6fe70c', 'webhook', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 19, "type": "study.analysing", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6"}', '2026-11-28 17:38:46.629239+00', '2026-11-28 17:38:46.629239+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f2e6-7515-8d8e-44d29320cb95', 'webhook', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 20, "type": "study.ready", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6"}', '2026-11-28 17:38:46.630392+00', '2026-11-28 17:38:46.630392+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f309-702c-816a-896f43553a12', 'push', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"site": "north", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6", "version": 2, "result_id": "01a2233c-f303-767c-8d4c-2eea28559692"}', '2026-11-28 17:38:46.665092+00', '2026-11-28 17:38:46.665092+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f312-728b-ae2b-d0bb155c6e38', 'webhook', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 21, "type": "study.reviewed", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6"}', '2026-11-28 17:38:46.674754+00', '2026-11-28 17:38:46.674754+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f33d-7158-a876-6ff7faab5048', 'push', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"site": "north", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6", "version": 3, "result_id": "01a2233c-f339-71cc-955f-7fa8c0a832d4"}', '2026-11-28 17:38:46.71773+00', '2026-11-28 17:38:46.71773+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f341-7580-b13e-7b2d10cd94a7', 'webhook', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 22, "type": "study.reviewed", "study_id": "01a2233c-f1d0-7378-b9de-6ab666be0fe6"}', '2026-11-28 17:38:46.72183+00', '2026-11-28 17:38:46.72183+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-f3fc-71a7-9c14-eb4e2ae1f483', 'webhook', '01a2233c-f3fa-77cb-a121-8808aa37a72c', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 23, "type": "study.received", "study_id": "01a2233c-f3fa-77cb-a121-8808aa37a72c"}', '2026-11-28 17:38:46.908203+00', '2026-11-28 17:38:46.908203+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-ed40-7233-ac32-ed732a3eb1bb', 'push', '01a2233c-ed1a-7367-816b-4d887f79078d', '{"site": "north", "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d", "version": 1, "result_id": "01a2233c-ed39-755a-96ae-9b956c9a54b3"}', '2026-11-28 17:38:45.184358+00', '2026-11-28 17:38:54.088549+00', 1, 'push_failed');
INSERT INTO public.outbox VALUES ('01a2233c-f440-700b-a8dd-898e96097123', 'webhook', '01a2233c-f434-74b8-857c-fe73848c272a', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 24, "type": "study.received", "study_id": "01a2233c-f434-74b8-857c-fe73848c272a"}', '2026-11-28 17:38:46.976838+00', '2026-11-28 17:38:46.976838+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-fc3e-7311-9356-c85199856ae4', 'analyse', '01a2233c-f235-72d3-ae00-31ebda3ce0b2', '{"job_id": "01a2233c-f235-72d3-ae00-31ebda3ce0b2", "urgent": false, "request_id": "0dfb50ff70ae4fbf8f35ef61de03e3b5"}', '2026-11-28 17:38:49.022724+00', '2026-11-28 18:38:49.022724+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-fc65-7592-86a1-eb5a2802ddc8', 'webhook', '01a2233c-f227-7379-a439-cd8f2231f943', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 25, "type": "study.analysing", "study_id": "01a2233c-f227-7379-a439-cd8f2231f943"}', '2026-11-28 17:38:49.061768+00', '2026-11-28 17:38:49.061768+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-fc66-71c3-9a4c-bc25ddc724c7', 'webhook', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 26, "type": "study.analysing", "study_id": "01a2233c-f269-742d-9dcc-e4c20e6562ca"}', '2026-11-28 17:38:49.062015+00', '2026-11-28 17:38:49.062015+00', 0, '');
INSERT INTO public.outbox VALUES ('01a2233c-fc66-71c3-9a4c-bc269f4b967b', 'webhook', '01a2233c-f269-742d-9dcc-e4c20e6562ca', '{"webhook_id": "01a2233c-ea64-71b9-8719-9473b1dc09b8", "site": "north", "event_seq": 27, "type": "study.failed", "study_id": "01a2233c-f269-742d-9dcc-e4c20e6562ca"}', '2026-11-28 17:38:49.062192+00', '2026-11-28 17:38:49.062192+00', 0, '');


--
-- Data for Name: results; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.results VALUES ('01a2233c-ed39-755a-96ae-9b956c9a54b3', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', 1, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:45.177281+00', '{"study_uid":"2.25.2171094798171816209269214049214334423","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:45.063302Z","frames":[{"series_uid":"2.25.74609395272987539231385467393663049719","sop_uid":"2.25.238071820743444172145977217185666085913","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-ed90-748f-9941-bf9c5c078dec', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', 2, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:45.264761+00', '{"study_uid":"2.25.2171094798171816209269214049214334423","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:45.210243Z","frames":[{"series_uid":"2.25.74609395272987539231385467393663049719","sop_uid":"2.25.238071820743444172145977217185666085913","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-eee5-72ef-a4b5-7a0edfd0537a', '01a2233c-ed1a-7367-816b-4d887f79078d', 'north', 3, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:45.605265+00', '{"study_uid":"2.25.2171094798171816209269214049214334423","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:45.582174Z","frames":[{"series_uid":"2.25.74609395272987539231385467393663049719","sop_uid":"2.25.238071820743444172145977217185666085913","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-efb5-74f0-a0fc-58fb7b1766d8', '01a2233c-efa2-7106-ae1e-f2295db4e12c', 'north', 1, 'phone', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', '2026-11-28 17:38:45.813306+00', '{"study_uid":"2.25.2171094798171816209269214050078715026","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:45.747370Z","frames":[{"series_uid":"2.25.13897058380262756688848838581553852057","sop_uid":"2.25.267310049015272730269151423764697432799","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-f06d-7735-b880-81a5abb0f96a', '01a2233c-f05d-753b-b4c4-4770683a0c1d', 'north', 1, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:45.997102+00', '{"study_uid":"1.2.826.0.1.3680043.9.7","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:45.969156Z","frames":[{"series_uid":"2.25.237346749710294238787905157962900061572","sop_uid":"2.25.31131529489245446512933035308106552616","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-f0c2-751e-9ca1-d8ad2c20f249', '01a2233c-f05d-753b-b4c4-4770683a0c1d', 'north', 2, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:46.082908+00', '{"study_uid":"1.2.826.0.1.3680043.9.7","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:46.014190Z","frames":[{"series_uid":"2.25.164167792434009393192033663943501663094","sop_uid":"2.25.60249883423276459900858330301065799078","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-f124-7460-b506-59918360ada4', '01a2233c-f0fd-706c-a248-180f1a937a03', 'north', 1, 'phone', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', '2026-11-28 17:38:46.180566+00', '{"study_uid":"1.2.826.0.1.3680043.9.8","origin":"phone","release":{"name":"fada-nano","version":"0.9.0","sha256":"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"},"created_at":"2026-11-28T17:38:46.113393Z","frames":[{"series_uid":"2.25.164167792434009393192033663943501663094","sop_uid":"2.25.60249883423276459900858330301065799078","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":null,"mm_low":null,"mm_high":null,"calibration":"not_calibrated","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a2233c-f2bb-732b-992b-e7bc0ff3dd19', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', 1, 'hub', 'fada-test 1.0.0', '2026-11-28 17:38:46.587757+00', '{"study_uid":"2.25.28512643443440662039781461976524686112","origin":"hub","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-28T17:38:46.558216Z","frames":[{"series_uid":"","sop_uid":"2.25.89123223416480081864452364356571736588","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":163.1,"mm_low":159.5,"mm_high":166.7,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":41.5,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":61.4,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[{"equation":"Hadlock 1984 (HC)","measurement":"HC","days":133.4831174411,"low_days":123.1231174411,"high_days":143.8431174411,"text":"19w 0d"},{"equation":"INTERGROWTH-21st 2016 (HC)","measurement":"HC","days":134.68968263001145,"low_days":null,"high_days":null,"text":"19w 2d"}],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, '01a2233c-f1e3-7180-8d64-7d0989618011', '{}');
INSERT INTO public.results VALUES ('01a2233c-f303-767c-8d4c-2eea28559692', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', 2, 'review', 'key:d2fd0871eee8f291', '2026-11-28 17:38:46.659037+00', '{"study_uid":"2.25.28512643443440662039781461976524686112","origin":"review","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-28T17:38:46.651013Z","frames":[{"series_uid":"","sop_uid":"2.25.89123223416480081864452364356571736588","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":163.1,"mm_low":159.5,"mm_high":166.7,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":41.5,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":61.4,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[{"equation":"Hadlock 1984 (HC)","measurement":"HC","days":133.4831174411,"low_days":123.1231174411,"high_days":143.8431174411,"text":"19w 0d"},{"equation":"INTERGROWTH-21st 2016 (HC)","measurement":"HC","days":134.68968263001145,"low_days":null,"high_days":null,"text":"19w 2d"}],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', 1, NULL, '{"interpretation": 2, "annotation": 3}');
INSERT INTO public.results VALUES ('01a2233c-f339-71cc-955f-7fa8c0a832d4', '01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', 3, 'review', 'key:d2fd0871eee8f291', '2026-11-28 17:38:46.713085+00', '{"study_uid":"2.25.28512643443440662039781461976524686112","origin":"review","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-28T17:38:46.709138Z","frames":[{"series_uid":"","sop_uid":"2.25.89123223416480081864452364356571736588","frame":1,"width":512,"height":346,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[102.4,69.2,409.6,276.8],"polygon":[[409.6,173.0],[408.86037401684945,183.17417916620838],[406.6486190699362,193.25037542527411],[402.9860355684673,203.1315494990132],[397.9078961937337,212.72254027949631],[391.46310620390733,221.93098128253854],[383.71373244967094,230.6681901874347],[374.7344056365164,238.8500228961864],[364.6116015902537,246.39768388716362],[353.4428084475359,253.2384850590521],[341.3355877918109,259.3065457570042],[328.40653877647327,264.54342723935923],[314.78017521127776,268.89869547467157],[300.5877264262854,272.3304068490033],[285.9658734616773,274.8055121058553],[271.05543275462054,276.30017462857404],[256.0,276.8],[240.9445672453795,276.30017462857404],[226.0341265383227,274.8055121058553],[211.41227357371463,272.3304068490033],[197.21982478872224,268.89869547467157],[183.59346122352676,264.54342723935923],[170.66441220818916,259.3065457570042],[158.55719155246408,253.2384850590521],[147.38839840974632,246.39768388716362],[137.26559436348361,238.8500228961864],[128.28626755032906,230.6681901874347],[120.5368937960927,221.93098128253857],[114.09210380626635,212.72254027949634],[109.01396443153274,203.1315494990132],[105.35138093006381,193.25037542527414],[103.13962598315058,183.1741791662084],[102.4,173.0],[103.13962598315055,162.82582083379162],[105.35138093006381,152.74962457472589],[109.01396443153271,142.86845050098682],[114.09210380626635,133.27745972050369],[120.53689379609267,124.06901871746145],[128.28626755032903,115.33180981256533],[137.2655943634836,107.14997710381363],[147.3883984097463,99.60231611283638],[158.557191552464,92.76151494094793],[170.6644122081891,86.69345424299581],[183.59346122352673,81.45657276064075],[197.21982478872212,77.10130452532846],[211.41227357371457,73.66959315099673],[226.03412653832265,71.1944878941447],[240.94456724537952,69.69982537142596],[255.99999999999997,69.2],[271.0554327546204,69.69982537142596],[285.9658734616773,71.19448789414469],[300.58772642628537,73.66959315099672],[314.7801752112778,77.10130452532844],[328.4065387764732,81.45657276064075],[341.33558779181084,86.69345424299578],[353.442808447536,92.76151494094792],[364.61160159025366,99.60231611283635],[374.7344056365163,107.14997710381355],[383.71373244967094,115.3318098125653],[391.4631062039073,124.06901871746142],[397.90789619373356,133.27745972050363],[402.9860355684673,142.8684505009868],[406.64861906993616,152.74962457472583],[408.86037401684945,162.82582083379162]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":815.58,"mm":163.1,"mm_low":159.5,"mm_high":166.7,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0],[256.0,69.28],[256.0,276.72]]},{"name":"BPD","px":207.43,"mm":41.5,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[256.0,69.28],[256.0,276.72]]},{"name":"OFD","px":306.95,"mm":61.4,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[102.52,173.0],[409.48,173.0]]}],"datings":[{"equation":"Hadlock 1984 (HC)","measurement":"HC","days":133.4831174411,"low_days":123.1231174411,"high_days":143.8431174411,"text":"19w 0d"},{"equation":"INTERGROWTH-21st 2016 (HC)","measurement":"HC","days":134.68968263001145,"low_days":null,"high_days":null,"text":"19w 2d"}],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":"admin of north","reviewed_at":"2026-11-28T17:38:46.709138Z","comment":"","skipped":[]}', 2, NULL, '{"interpretation": 2, "annotation": 3}');


--
-- Data for Name: studies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.studies VALUES ('01a2233c-efa2-7106-ae1e-f2295db4e12c', 'north', '2.25.2171094798171816209269214050078715026', 'received', 'phone', false, 3.0000000000000027, '[]', -24942879.302697197, '2026-11-28 17:38:45.794198+00', 1, 1, '\us\', 1, 'head', NULL, '', '{"00080020": {"vr": "DA"}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN"}, "00100020": {"vr": "LO"}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.2171094798171816209269214050078715026"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '', '', '', '', '', '', '', '', '', '', '  ');
INSERT INTO public.studies VALUES ('01a2233c-f04a-7441-9d92-f08bac6eac16', 'south', '2.25.2171094798171816209269214057287933816', 'received', 'phone', false, 0, '[]', -24942882.305029795, '2026-11-28 17:38:45.962145+00', 0, 0, '', 0, '', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["2.25.2171094798171816209269214057287933816"]}}', '', '', '', '', '', '', '', '', '', '', '  ');
INSERT INTO public.studies VALUES ('01a2233c-f05d-753b-b4c4-4770683a0c1d', 'north', '1.2.826.0.1.3680043.9.7', 'received', 'phone', false, 3.0000000000000027, '[]', -24942879.30529351, '2026-11-28 17:38:45.981133+00', 0, 0, '', 2, 'head', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["1.2.826.0.1.3680043.9.7"]}}', '', '', '', '', '', '', '', '', '', '', '  ');
INSERT INTO public.studies VALUES ('01a2233c-ed1a-7367-816b-4d887f79078d', 'north', '2.25.2171094798171816209269214049214334423', 'received', 'phone', true, 1003, '["urgent"]', -24941879.293699652, '2026-11-28 17:38:45.146375+00', 2, 1, '\us\', 3, 'head', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20260301"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}, "00100020": {"vr": "LO", "Value": ["P-1"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.2171094798171816209269214049214334423"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "001021D0": {"vr": "DA", "Value": ["20250901"]}}', 'doe^jane', 'p-1', '', '20260301', '', '', '', '', '', '', 'doe jane p-1 ');
INSERT INTO public.studies VALUES ('01a2233c-f0fd-706c-a248-180f1a937a03', 'north', '1.2.826.0.1.3680043.9.8', 'received', 'phone', false, 3.0000000000000027, '[]', -24942879.307517473, '2026-11-28 17:38:46.141258+00', 0, 0, '', 1, 'head', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["1.2.826.0.1.3680043.9.8"]}}', '', '', '', '', '', '', '', '', '', '', '  ');
INSERT INTO public.studies VALUES ('01a2233c-f15a-75f6-86d6-99598a757dc2', 'north', '1.2.826.0.1.3680043.9.9', 'received', 'phone', false, 0, '[]', -24942882.3088146, '2026-11-28 17:38:46.234651+00', 0, 0, '', 0, '', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["1.2.826.0.1.3680043.9.9"]}}', '', '', '', '', '', '', '', '', '', '', '  ');
INSERT INTO public.studies VALUES ('01a2233c-f434-74b8-857c-fe73848c272a', 'north', '2.25.189218552613601702600486295203426235562', 'received', 'web', false, 0, '[]', -24942882.318952154, '2026-11-28 17:38:46.964555+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20250115"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SAMPLE^TWO"}]}, "00100020": {"vr": "LO", "Value": ["SAMPLE-2"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.189218552613601702600486295203426235562"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'sample^two', 'sample-2', '', '20250115', '', '', 'obstetric ultrasound', '', '', '', 'sample two sample-2 ');
INSERT INTO public.studies VALUES ('01a2233c-f1d0-7378-b9de-6ab666be0fe6', 'north', '2.25.28512643443440662039781461976524686112', 'reviewed', 'web', false, 0, '[]', -1024942882.3104564, '2026-11-28 17:38:46.352862+00', 1, 1, '\us\', 3, 'head', 133.4831174411, '', '{"00080020": {"vr": "DA", "Value": ["20250115"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SAMPLE^THREE"}]}, "00100020": {"vr": "LO", "Value": ["SAMPLE-3"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.28512643443440662039781461976524686112"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'sample^three', 'sample-3', '', '20250115', '', '', 'obstetric ultrasound', '', '', '', 'sample three sample-3 ');
INSERT INTO public.studies VALUES ('01a2233c-f3fa-77cb-a121-8808aa37a72c', 'north', '2.25.263284719816040141961179683691873676451', 'received', 'tus', false, 0, '[]', -24942882.318141237, '2026-11-28 17:38:46.906169+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20250115"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SAMPLE^SIX"}]}, "00100020": {"vr": "LO", "Value": ["SAMPLE-6"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.263284719816040141961179683691873676451"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'sample^six', 'sample-6', '', '20250115', '', '', 'obstetric ultrasound', '', '', '', 'sample six sample-6 ');
INSERT INTO public.studies VALUES ('01a2233c-f227-7379-a439-cd8f2231f943', 'north', '2.25.62758728921495839070033971979959926708', 'received', 'web', false, 0, '[]', -24942882.311655667, '2026-11-28 17:38:46.439208+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20250115"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SAMPLE^FOUR"}]}, "00100020": {"vr": "LO", "Value": ["SAMPLE-4"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.62758728921495839070033971979959926708"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'sample^four', 'sample-4', '', '20250115', '', '', 'obstetric ultrasound', '', '', '', 'sample four sample-4 ');
INSERT INTO public.studies VALUES ('01a2233c-f269-742d-9dcc-e4c20e6562ca', 'north', '2.25.168199056072314733395507100014407682075', 'failed', 'web', false, 0, '[]', -24942882.312582042, '2026-11-28 17:38:46.505907+00', 1, 1, '\us\', 0, '', NULL, 'model_output', '{"00080020": {"vr": "DA", "Value": ["20250115"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "SAMPLE^FIVE"}]}, "00100020": {"vr": "LO", "Value": ["SAMPLE-5"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.168199056072314733395507100014407682075"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'sample^five', 'sample-5', '', '20250115', '', '', 'obstetric ultrasound', '', '', '', 'sample five sample-5 ');


--
-- Data for Name: uploads; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.uploads VALUES ('01a2233c-edb5-70f8-bce3-28b22e68cd1a', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 60240, 60240, '{"case": "01a2233c-ecc6-7475-b8cc-8a88dd9b05d7", "sha256": "4fb987e1fe8fc854a23e872598ef43aa57b665c37ff23cee08ec1158cb955037", "filetype": "image/png"}', '2026-11-28 17:38:45.302005+00', '2026-12-05 17:38:45.297393+00', 'complete', '{"items": [{"name": "", "accepted": true, "new": true, "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d", "study_uid": "2.25.2171094798171816209269214049214334423", "sop_uid": "2.25.238071820743444172145977217185666085913", "sha256": "aa8a479d73ea3e76ca6ae35e74540489ae549f13d6f81f7fde322dba9df80eb5", "job_id": "01a2233c-eeb2-70d1-b1d9-ca3d67f1a810", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a2233c-ef03-7793-8c39-903b4c6e083b', 'north', 'device:01a2233c-ead0-76aa-8522-712ad86ec747', 23635, 23635, '{"case": "01a2233c-ecc6-7475-b8cc-8a88dd9b05d7", "sha256": "5d09c20dad8a2720f2d005bcda89467f1b1071f5b5ecf6fcb724c7775ad07475", "filetype": "image/jpeg"}', '2026-11-28 17:38:45.635684+00', '2026-12-05 17:38:45.634145+00', 'complete', '{"items": [{"name": "", "accepted": true, "new": true, "study_id": "01a2233c-ed1a-7367-816b-4d887f79078d", "study_uid": "2.25.2171094798171816209269214049214334423", "sop_uid": "2.25.215156584930735253026729469659834075286", "sha256": "b84cfb75ef640ccebde49c22102d4aca0f7b7a62a7f0802a0fba5935650eebe4", "job_id": "01a2233c-eeb2-70d1-b1d9-ca3d67f1a810", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a2233c-efe2-74cd-9c9b-49cad5f29f5e', 'north', 'device:01a2233c-eb8a-736d-a715-1a648e46b6c6', 23635, 23635, '{"case": "01a2233c-ecc6-7475-b8cc-8a8911206c92", "sha256": "5d09c20dad8a2720f2d005bcda89467f1b1071f5b5ecf6fcb724c7775ad07475", "filetype": "image/jpeg"}', '2026-11-28 17:38:45.858091+00', '2026-12-05 17:38:45.850116+00', 'complete', '{"items": [{"name": "", "accepted": true, "new": true, "study_id": "01a2233c-efa2-7106-ae1e-f2295db4e12c", "study_uid": "2.25.2171094798171816209269214050078715026", "sop_uid": "2.25.267310049015272730269151423764697432799", "sha256": "bf7936b630f2630e36ee0bc6332ab4c5439679e0ce042c534b34075f142a71c1", "job_id": "01a2233c-f021-75fa-b3a3-1770d94ed41f", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a2233c-f3a5-728a-a0d5-41abbca99e91', 'north', 'key:d2fd0871eee8f291', 1000, 400, '{"filename": "half.dcm", "patient_name": "Roe^Ann"}', '2026-11-28 17:38:46.821361+00', '2026-12-05 17:38:46.821122+00', 'open', '{}');
INSERT INTO public.uploads VALUES ('01a2233c-f3dd-75d7-a629-92ba79483ff7', 'north', 'key:d2fd0871eee8f291', 23444, 23444, '{"filename": "f"}', '2026-11-28 17:38:46.877307+00', '2026-12-05 17:38:46.877045+00', 'complete', '{"items": [{"name": "f", "accepted": true, "new": true, "study_id": "01a2233c-f3fa-77cb-a121-8808aa37a72c", "study_uid": "2.25.263284719816040141961179683691873676451", "sop_uid": "2.25.215621996269898603095324737617037472528", "sha256": "b327ab12c033d6911198611235a7e833a59b9b91d7ffe06515609d971c33ca4e", "job_id": "01a2233c-f3fb-70db-b20b-5af30440eb4d", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a2233c-f408-7741-b7e2-92f2c61e94cb', 'north', 'key:d2fd0871eee8f291', 750, 750, '{"filename": "f"}', '2026-11-28 17:38:46.920259+00', '2026-12-05 17:38:46.920075+00', 'failed', '{"items": [{"name": "f", "accepted": false, "new": false, "study_id": null, "study_uid": null, "sop_uid": null, "sha256": "28fafb0fa17a3af95a7092c0a1d6e159ae2fcd0e7686f985571f127ae7862c37", "job_id": null, "problem": {"type": "urn:fada:problem:unsupported_media", "title": "This kind of content is not accepted here", "status": 415, "detail": "Send DICOM, PNG, JPEG, or a ZIP archive of these.", "code": "unsupported_media", "request_id": "a1b567ea1d044c41881de1952f91168d"}}], "accepted": 0, "refused": 1}');


--
-- Data for Name: webhooks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.webhooks VALUES ('01a2233c-ea64-71b9-8719-9473b1dc09b8', 'north', 'https://receiver.example/hook', 'whsec_h/tBCAhUyjddVKAtSNjca8yyyzKK32PFlNCrfraoOrs=', '[]', '2026-11-28 17:38:44.45293+00', false);


--
-- Name: audit_seq_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_seq_seq', 40, true);


--
-- Name: alembic_version alembic_version_pkc; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.alembic_version
    ADD CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num);


--
-- Name: api_keys pk_api_keys; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.api_keys
    ADD CONSTRAINT pk_api_keys PRIMARY KEY (id);


--
-- Name: artefacts pk_artefacts; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.artefacts
    ADD CONSTRAINT pk_artefacts PRIMARY KEY (result_id, "position");


--
-- Name: audit pk_audit; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.audit
    ADD CONSTRAINT pk_audit PRIMARY KEY (seq);


--
-- Name: device_codes pk_device_codes; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.device_codes
    ADD CONSTRAINT pk_device_codes PRIMARY KEY (code_hash);


--
-- Name: devices pk_devices; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.devices
    ADD CONSTRAINT pk_devices PRIMARY KEY (id);


--
-- Name: event_counters pk_event_counters; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.event_counters
    ADD CONSTRAINT pk_event_counters PRIMARY KEY (site);


--
-- Name: events pk_events; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.events
    ADD CONSTRAINT pk_events PRIMARY KEY (site, seq);


--
-- Name: idempotency pk_idempotency; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.idempotency
    ADD CONSTRAINT pk_idempotency PRIMARY KEY (site, key);


--
-- Name: instances pk_instances; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT pk_instances PRIMARY KEY (id);


--
-- Name: jobs pk_jobs; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT pk_jobs PRIMARY KEY (id);


--
-- Name: outbox pk_outbox; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.outbox
    ADD CONSTRAINT pk_outbox PRIMARY KEY (id);


--
-- Name: results pk_results; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.results
    ADD CONSTRAINT pk_results PRIMARY KEY (id);


--
-- Name: studies pk_studies; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.studies
    ADD CONSTRAINT pk_studies PRIMARY KEY (id);


--
-- Name: uploads pk_uploads; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.uploads
    ADD CONSTRAINT pk_uploads PRIMARY KEY (id);


--
-- Name: webhooks pk_webhooks; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.webhooks
    ADD CONSTRAINT pk_webhooks PRIMARY KEY (id);


--
-- Name: instances uq_instances_site_sop_uid; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT uq_instances_site_sop_uid UNIQUE (site, sop_uid);


--
-- Name: results uq_results_job_id; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.results
    ADD CONSTRAINT uq_results_job_id UNIQUE (job_id);


--
-- Name: results uq_results_study_id_version; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.results
    ADD CONSTRAINT uq_results_study_id_version UNIQUE (study_id, version);


--
-- Name: studies uq_studies_site_study_uid; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.studies
    ADD CONSTRAINT uq_studies_site_study_uid UNIQUE (site, study_uid);


--
-- Name: ix_api_keys_site; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_api_keys_site ON public.api_keys USING btree (site);


--
-- Name: ix_artefacts_sha256_site; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_artefacts_sha256_site ON public.artefacts USING btree (sha256, site);


--
-- Name: ix_audit_site_subject; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_audit_site_subject ON public.audit USING btree (site, subject);


--
-- Name: ix_devices_site; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_devices_site ON public.devices USING btree (site);


--
-- Name: ix_events_study_id_seq; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_events_study_id_seq ON public.events USING btree (study_id, seq);


--
-- Name: ix_idempotency_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_idempotency_expires_at ON public.idempotency USING btree (expires_at);


--
-- Name: ix_instances_sha256; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_sha256 ON public.instances USING btree (sha256);


--
-- Name: ix_instances_study_id_series_uid; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_instances_study_id_series_uid ON public.instances USING btree (study_id, series_uid);


--
-- Name: ix_jobs_state_lease_until; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_state_lease_until ON public.jobs USING btree (state, lease_until);


--
-- Name: ix_jobs_state_sent_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_state_sent_at ON public.jobs USING btree (state, sent_at);


--
-- Name: ix_jobs_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_jobs_study_id ON public.jobs USING btree (study_id);


--
-- Name: ix_outbox_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_due_at ON public.outbox USING btree (due_at);


--
-- Name: ix_outbox_subject; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_subject ON public.outbox USING btree (subject);


--
-- Name: ix_outbox_topic_due_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_outbox_topic_due_at ON public.outbox USING btree (topic, due_at);


--
-- Name: ix_studies_site_need_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_studies_site_need_key ON public.studies USING btree (site, need_key);


--
-- Name: ix_studies_site_received_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_studies_site_received_at ON public.studies USING btree (site, received_at);


--
-- Name: ix_studies_site_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_studies_site_state ON public.studies USING btree (site, state);


--
-- Name: ix_uploads_state_expires_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_uploads_state_expires_at ON public.uploads USING btree (state, expires_at);


--
-- Name: ix_webhooks_site; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_webhooks_site ON public.webhooks USING btree (site);


--
-- Name: uq_jobs_one_queued; Type: INDEX; Schema: public; Owner: -
--

CREATE UNIQUE INDEX uq_jobs_one_queued ON public.jobs USING btree (study_id) WHERE ((state)::text = 'queued'::text);


--
-- Name: artefacts artefacts_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER artefacts_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.artefacts FOR EACH STATEMENT EXECUTE FUNCTION public.fada_append_only();


--
-- Name: audit audit_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER audit_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.audit FOR EACH STATEMENT EXECUTE FUNCTION public.fada_append_only();


--
-- Name: results results_append_only; Type: TRIGGER; Schema: public; Owner: -
--

CREATE TRIGGER results_append_only BEFORE DELETE OR UPDATE OR TRUNCATE ON public.results FOR EACH STATEMENT EXECUTE FUNCTION public.fada_append_only();


--
-- Name: artefacts fk_artefacts_result_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.artefacts
    ADD CONSTRAINT fk_artefacts_result_id FOREIGN KEY (result_id) REFERENCES public.results(id);


--
-- Name: instances fk_instances_study_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.instances
    ADD CONSTRAINT fk_instances_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id);


--
-- Name: jobs fk_jobs_study_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.jobs
    ADD CONSTRAINT fk_jobs_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id);


--
-- Name: results fk_results_job_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.results
    ADD CONSTRAINT fk_results_job_id FOREIGN KEY (job_id) REFERENCES public.jobs(id);


--
-- Name: results fk_results_study_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.results
    ADD CONSTRAINT fk_results_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id);


--
-- PostgreSQL database dump complete
--


