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
-- Name: case_pictures; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.case_pictures (
    site character varying NOT NULL,
    case_id character varying(36) NOT NULL,
    sha256 character varying(64) NOT NULL,
    "position" integer,
    size bigint,
    media_type character varying,
    sop_uid character varying(64) NOT NULL,
    arrived_at timestamp with time zone
);


--
-- Name: case_versions; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.case_versions (
    site character varying NOT NULL,
    case_id character varying(36) NOT NULL,
    number integer NOT NULL,
    study_id character varying(36) NOT NULL,
    sha256 character varying(64) NOT NULL,
    result_version integer NOT NULL,
    pictures json NOT NULL,
    received_at timestamp with time zone NOT NULL
);


--
-- Name: cases; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.cases (
    site character varying NOT NULL,
    id character varying(36) NOT NULL,
    owner character varying NOT NULL,
    study_uid character varying(64) NOT NULL,
    urgent boolean NOT NULL,
    pixel_mm_x double precision,
    pixel_mm_y double precision,
    patient_name character varying NOT NULL,
    patient_id character varying NOT NULL,
    study_date character varying(8) NOT NULL,
    created_at timestamp with time zone NOT NULL
);


--
-- Name: deliveries; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.deliveries (
    id character varying(36) NOT NULL,
    site character varying NOT NULL,
    kind character varying NOT NULL,
    study_id character varying(36) NOT NULL,
    webhook_id character varying(36),
    event_seq bigint,
    version integer,
    state character varying NOT NULL,
    attempts integer NOT NULL,
    error_code character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    next_attempt_at timestamp with time zone NOT NULL,
    finished_at timestamp with time zone
);


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
-- Name: index_identity; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.index_identity (
    number integer NOT NULL,
    identity character varying(36) NOT NULL
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
-- Name: orphans; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.orphans (
    site character varying NOT NULL,
    sha256 character varying(64) NOT NULL,
    since timestamp with time zone NOT NULL
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
-- Name: shares; Type: TABLE; Schema: public; Owner: -
--

CREATE TABLE public.shares (
    id character varying(36) NOT NULL,
    study_id character varying(36) NOT NULL,
    site character varying NOT NULL,
    created_by character varying NOT NULL,
    created_at timestamp with time zone NOT NULL,
    expires_at timestamp with time zone NOT NULL,
    revoked_by character varying,
    revoked_at timestamp with time zone
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
    priority_key double precision NOT NULL,
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
    searched text NOT NULL,
    newest_version integer DEFAULT 0 NOT NULL,
    signed_version integer DEFAULT 0 NOT NULL
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

INSERT INTO public.alembic_version VALUES ('0004');


--
-- Data for Name: api_keys; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.api_keys VALUES ('c755554aca371d76', 'north', 'admin', 'admin of north', '0a1b5b4dcc18d27b1b6acc89a5bfb7b64fd0abc5d5e4d2c2a28cd83498ed0fb3', '2026-11-30 16:09:30.062271+00', NULL, '2026-11-30 16:09:30.340642+00');
INSERT INTO public.api_keys VALUES ('8f658a7bfbd5e750', 'south', 'admin', 'admin of south', '2e7db2f731c3bc7647940d8caa82ebb67d8e6732edd8f7664b90ec33354c40d8', '2026-11-30 16:09:30.223233+00', NULL, '2026-11-30 16:09:32.527549+00');


--
-- Data for Name: artefacts; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.artefacts VALUES ('01a22d37-f368-7431-ad89-ab9bb16f572a', 0, 'north', 'report', '948f0362d45d57b68751c30058a6a10592f857e19a9e8a294a7f1cf77033554f', 'application/json', 1602, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a22d37-f693-7097-a80c-b7372a57aace', 0, 'north', 'report', 'cd53c9d5b7b3c2cd050f9ebbaf58e94ab6c1dc81ae971f53a338d2cf90cd27e1', 'application/json', 2856, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a22d37-f778-75b9-8d71-b448670eb0e2', 0, 'north', 'report', 'd432e4510b715bf2f1158fd33c7805fe1852b1f10901f0a8a33dffe9a92de8cc', 'application/json', 1585, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a22d37-f7c5-74f5-865e-1d23d2b4f568', 0, 'north', 'report', '0511c8806e457e4fae57823beb3fb7f31efa905310b05331b35e70991e87eca8', 'application/json', 1585, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a22d37-f810-7122-b9ad-019b128642fb', 0, 'north', 'report', '5f53c9c5f2bce64588569610d0f1fd5f49ccaad5e40faac40f8ccd110dadffe7', 'application/json', 1587, '', 0, '');
INSERT INTO public.artefacts VALUES ('01a22d37-f9af-7664-9352-c7ebde97041b', 0, 'south', 'report', 'fe499e4be881bacb550f29ccdf14ce5584f0ef07fca81aa839136af9f666bc0c', 'application/json', 1602, '', 0, '');


--
-- Data for Name: audit; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.audit VALUES (1, '2026-11-30 16:09:30.363746+00', 'north', 'key:c755554aca371d76', 'device.code', '1f9db445455b', '{}');
INSERT INTO public.audit VALUES (2, '2026-11-30 16:09:30.500901+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'device.enrolled', '01a22d37-f083-74f8-9946-06c857daea6a', '{}');
INSERT INTO public.audit VALUES (3, '2026-11-30 16:09:30.600142+00', 'north', 'key:c755554aca371d76', 'device.code', '03c7fc63bbef', '{}');
INSERT INTO public.audit VALUES (4, '2026-11-30 16:09:30.717626+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'device.enrolled', '01a22d37-f15b-7301-9425-4341e0e9d5a7', '{}');
INSERT INTO public.audit VALUES (5, '2026-11-30 16:09:31.191024+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.receive', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (6, '2026-11-30 16:09:31.26705+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.reported', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (7, '2026-11-30 16:09:31.815093+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.receive', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"door": "phone", "instances": 1}');
INSERT INTO public.audit VALUES (8, '2026-11-30 16:09:32.009706+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.urgent', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"urgent": true}');
INSERT INTO public.audit VALUES (9, '2026-11-30 16:09:32.079002+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.reported', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"version": 2, "origin": "phone"}');
INSERT INTO public.audit VALUES (10, '2026-11-30 16:09:32.129892+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.receive', '01a22d37-f6e1-754d-a51b-37112a72b95c', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (11, '2026-11-30 16:09:32.2149+00', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 'study.receive', '01a22d37-f6e1-754d-a51b-37112a72b95c', '{"door": "phone", "instances": 1}');
INSERT INTO public.audit VALUES (12, '2026-11-30 16:09:32.275343+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'study.receive', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (13, '2026-11-30 16:09:32.295424+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'study.reported', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (14, '2026-11-30 16:09:32.372442+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'study.reported', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"version": 2, "origin": "phone"}');
INSERT INTO public.audit VALUES (15, '2026-11-30 16:09:32.424851+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'study.receive', '01a22d37-f803-7524-9917-d5fe8429df5a', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (16, '2026-11-30 16:09:32.455481+00', 'north', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', 'study.reported', '01a22d37-f803-7524-9917-d5fe8429df5a', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (17, '2026-11-30 16:09:32.534589+00', 'south', 'key:8f658a7bfbd5e750', 'device.code', '6789e176e963', '{}');
INSERT INTO public.audit VALUES (18, '2026-11-30 16:09:32.650968+00', 'south', 'device:01a22d37-f8e7-763b-9ff0-673d5498fe05', 'device.enrolled', '01a22d37-f8e7-763b-9ff0-673d5498fe05', '{}');
INSERT INTO public.audit VALUES (19, '2026-11-30 16:09:32.820251+00', 'south', 'device:01a22d37-f8e7-763b-9ff0-673d5498fe05', 'study.receive', '01a22d37-f993-7627-a6ef-fd5eaeb51832', '{"door": "phone", "instances": 0}');
INSERT INTO public.audit VALUES (20, '2026-11-30 16:09:32.85239+00', 'south', 'device:01a22d37-f8e7-763b-9ff0-673d5498fe05', 'study.reported', '01a22d37-f993-7627-a6ef-fd5eaeb51832', '{"version": 1, "origin": "phone"}');
INSERT INTO public.audit VALUES (21, '2026-11-30 16:09:32.995012+00', 'north', 'key:c755554aca371d76', 'study.receive', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (22, '2026-11-30 16:09:33.062663+00', 'north', 'key:c755554aca371d76', 'study.receive', '01a22d37-fa7c-707b-8339-a94fa65112fa', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (23, '2026-11-30 16:09:33.157009+00', 'north', 'key:c755554aca371d76', 'study.receive', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (24, '2026-11-30 16:09:33.219706+00', 'north', 'key:c755554aca371d76', 'study.receive', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', '{"door": "web", "instances": 1}');
INSERT INTO public.audit VALUES (25, '2026-11-30 16:09:33.547338+00', 'north', 'key:c755554aca371d76', 'study.reported', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 2, "origin": "review"}');
INSERT INTO public.audit VALUES (26, '2026-11-30 16:09:33.547826+00', 'north', 'key:c755554aca371d76', 'review.save', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 2}');
INSERT INTO public.audit VALUES (27, '2026-11-30 16:09:33.610131+00', 'north', 'key:c755554aca371d76', 'study.reviewed', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 3, "origin": "review"}');
INSERT INTO public.audit VALUES (28, '2026-11-30 16:09:33.610393+00', 'north', 'key:c755554aca371d76', 'review.sign', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 3}');
INSERT INTO public.audit VALUES (29, '2026-11-30 16:09:33.7732+00', 'north', 'key:c755554aca371d76', 'share.created', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"share": "01a22d37-fd47-7337-a959-1c503d5e2a3a", "expires_at": "2026-12-29T20:09:33+00:00"}');
INSERT INTO public.audit VALUES (30, '2026-11-30 16:09:33.790948+00', 'north', 'key:c755554aca371d76', 'share.created', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"share": "01a22d37-fd5b-77a5-a971-e63891470246", "expires_at": "2026-12-03T16:09:33+00:00"}');
INSERT INTO public.audit VALUES (31, '2026-11-30 16:09:33.806722+00', 'north', 'key:c755554aca371d76', 'share.created', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"share": "01a22d37-fd6e-75b5-a0a9-cafeaffac530", "expires_at": "2026-11-30T16:15:33+00:00"}');
INSERT INTO public.audit VALUES (32, '2026-11-30 16:09:33.828953+00', 'north', 'key:c755554aca371d76', 'share.created', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"share": "01a22d37-fd84-77c0-af8a-0c960b0ee3d3", "expires_at": "2026-12-03T16:09:33+00:00"}');
INSERT INTO public.audit VALUES (33, '2026-11-30 16:09:33.851977+00', 'north', 'key:c755554aca371d76', 'share.revoked', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"share": "01a22d37-fd84-77c0-af8a-0c960b0ee3d3"}');
INSERT INTO public.audit VALUES (34, '2026-11-30 16:09:34.00025+00', 'north', 'key:c755554aca371d76', 'study.receive', '01a22d37-fe21-75bf-8a27-0767ebfe5ef8', '{"door": "tus", "instances": 1}');


--
-- Data for Name: case_pictures; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.case_pictures VALUES ('north', 'e18b887f-81c0-487f-a599-a75e6ee50eca', '0b7186a698ec483a3b6f2e0d7a3f52b674b9a253849b0b0b7fa2c1fd38a4cb5a', 0, 4928, 'image/png', '2.25.124853539957096016335798672428597178365', '2026-11-30 16:09:31.835558+00');
INSERT INTO public.case_pictures VALUES ('north', 'e18b887f-81c0-487f-a599-a75e6ee50eca', 'ec60bc173544225dd4c8937659e17af851f9c1d9b4ccdb08f0e95719bad952b6', NULL, 4928, 'image/png', '', NULL);
INSERT INTO public.case_pictures VALUES ('north', '4f02f294-0eeb-4b01-8fb7-cdf708d35843', '1d4df1b4bf0d01e410541c1356777b81872aabac333f76152457645675d96f61', 0, 4928, 'image/png', '2.25.336664351554557102157340767761526000345', '2026-11-30 16:09:32.231039+00');
INSERT INTO public.case_pictures VALUES ('north', '4cc1d186-985c-49aa-a71a-145f9419c9f7', 'c13d859e7b9753b6d32867957d95c3b3acfc0cbc0cb5b836c1f2105e272124e2', 0, 4928, 'image/png', '', NULL);
INSERT INTO public.case_pictures VALUES ('north', '5751d060-ee55-4f7a-b7df-ef91868b4ce9', 'cc786b8f36f158c17eddc7cbcbd126d2e56b389fe5fb63bc0b2dc1b4bc0bdd2c', 0, 4928, 'image/png', '', NULL);
INSERT INTO public.case_pictures VALUES ('north', '5751d060-ee55-4f7a-b7df-ef91868b4ce9', 'b39999f3906f73cad48ecbe848604cc6f5a3fcd7fff9273c86017d13b09353a0', NULL, 4928, 'image/png', '', NULL);
INSERT INTO public.case_pictures VALUES ('south', '38e5f98f-5c9f-4377-98b2-834dd63341d3', '6e3e3de40afb6c229d1e95be4d3f741e67e920da4480f22d5fa40d5d7559d0ef', 0, 4928, 'image/png', '', NULL);


--
-- Data for Name: case_versions; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.case_versions VALUES ('north', 'e18b887f-81c0-487f-a599-a75e6ee50eca', 1, '01a22d37-f32f-7446-85b9-a46c1fc095d7', '1d833bdf32f5d58022f4434bffb3f9c0f0e18368bfe1d137ccde7e0f73250835', 1, '["0b7186a698ec483a3b6f2e0d7a3f52b674b9a253849b0b0b7fa2c1fd38a4cb5a"]', '2026-11-30 16:09:31.270969+00');
INSERT INTO public.case_versions VALUES ('north', 'e18b887f-81c0-487f-a599-a75e6ee50eca', 2, '01a22d37-f32f-7446-85b9-a46c1fc095d7', '552d5ff16f9c6f54c9841283959dae50a0f945847010cc4aff039d0eee37eb9f', 2, '["0b7186a698ec483a3b6f2e0d7a3f52b674b9a253849b0b0b7fa2c1fd38a4cb5a", "ec60bc173544225dd4c8937659e17af851f9c1d9b4ccdb08f0e95719bad952b6"]', '2026-11-30 16:09:32.079888+00');
INSERT INTO public.case_versions VALUES ('north', '4f02f294-0eeb-4b01-8fb7-cdf708d35843', 1, '01a22d37-f6e1-754d-a51b-37112a72b95c', '9415573b166c564de5538afe9e8d89306e33bb21a4a52d141d54e38207277099', 0, '["1d4df1b4bf0d01e410541c1356777b81872aabac333f76152457645675d96f61"]', '2026-11-30 16:09:32.133762+00');
INSERT INTO public.case_versions VALUES ('north', '4cc1d186-985c-49aa-a71a-145f9419c9f7', 1, '01a22d37-f772-74e5-bd5a-07069854dfab', '1d5ffdd81ad637c9cb24491df4c324b36f986277558c32d072d2f96bad2c52f8', 1, '["c13d859e7b9753b6d32867957d95c3b3acfc0cbc0cb5b836c1f2105e272124e2"]', '2026-11-30 16:09:32.298416+00');
INSERT INTO public.case_versions VALUES ('north', '5751d060-ee55-4f7a-b7df-ef91868b4ce9', 1, '01a22d37-f772-74e5-bd5a-07069854dfab', 'f9f43be4ef945b1519a2654c3ad94343e5262d0983ee835ef253fa6ed70d96cb', 2, '["cc786b8f36f158c17eddc7cbcbd126d2e56b389fe5fb63bc0b2dc1b4bc0bdd2c"]', '2026-11-30 16:09:32.372889+00');
INSERT INTO public.case_versions VALUES ('north', '5751d060-ee55-4f7a-b7df-ef91868b4ce9', 2, '01a22d37-f803-7524-9917-d5fe8429df5a', 'cec3bc3bbe5ed6778591f6371df555364b41ed2a0d0f81f30d591c5c852e16e7', 1, '["b39999f3906f73cad48ecbe848604cc6f5a3fcd7fff9273c86017d13b09353a0"]', '2026-11-30 16:09:32.456047+00');
INSERT INTO public.case_versions VALUES ('south', '38e5f98f-5c9f-4377-98b2-834dd63341d3', 1, '01a22d37-f993-7627-a6ef-fd5eaeb51832', '1b910627f58f4ec25b9482a941a16de302eddddaf15d429a7ef75e40834cdc2d', 1, '["6e3e3de40afb6c229d1e95be4d3f741e67e920da4480f22d5fa40d5d7559d0ef"]', '2026-11-30 16:09:32.85271+00');


--
-- Data for Name: cases; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.cases VALUES ('north', 'e18b887f-81c0-487f-a599-a75e6ee50eca', 'device:01a22d37-f083-74f8-9946-06c857daea6a', '2.25.299800796824781170771846398113428606666', false, 0.2, 0.21, 'Doe^Jane', 'P-1', '20260301', '2026-11-30 16:09:31.195563+00');
INSERT INTO public.cases VALUES ('north', '4f02f294-0eeb-4b01-8fb7-cdf708d35843', 'device:01a22d37-f083-74f8-9946-06c857daea6a', '2.25.105024316334234801341419578278475421763', false, NULL, NULL, 'Mensah^Ama', 'P-2', '20260302', '2026-11-30 16:09:32.131126+00');
INSERT INTO public.cases VALUES ('north', '4cc1d186-985c-49aa-a71a-145f9419c9f7', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', '1.2.826.0.1.3680043.8.498.1', true, NULL, NULL, '', '', '', '2026-11-30 16:09:32.276497+00');
INSERT INTO public.cases VALUES ('north', '5751d060-ee55-4f7a-b7df-ef91868b4ce9', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', '1.2.826.0.1.3680043.8.498.1', false, NULL, NULL, '', '', '', '2026-11-30 16:09:32.344297+00');
INSERT INTO public.cases VALUES ('south', '38e5f98f-5c9f-4377-98b2-834dd63341d3', 'device:01a22d37-f8e7-763b-9ff0-673d5498fe05', '2.25.75630865422843471928884888386518860243', false, NULL, NULL, 'Mensah^Ama', 'P-2', '20260302', '2026-11-30 16:09:32.824144+00');


--
-- Data for Name: deliveries; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.deliveries VALUES ('01a22d37-f6db-71f2-81aa-1627df3f2d90', 'north', 'webhook', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 4, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.107005+00', '2026-11-30 16:09:32.107005+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f6e8-715c-991d-c2e22186de8c', 'north', 'webhook', '01a22d37-f6e1-754d-a51b-37112a72b95c', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 5, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.136223+00', '2026-11-30 16:09:32.136223+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f73f-7375-87fb-1ad91a9370af', 'north', 'webhook', '01a22d37-f6e1-754d-a51b-37112a72b95c', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 6, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.215652+00', '2026-11-30 16:09:32.215652+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f7a7-760f-b60b-ca5788f3e5ec', 'north', 'webhook', '01a22d37-f772-74e5-bd5a-07069854dfab', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 7, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.324812+00', '2026-11-30 16:09:32.324812+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f7a8-7760-ad5f-3004728a20af', 'north', 'webhook', '01a22d37-f772-74e5-bd5a-07069854dfab', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 8, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.324812+00', '2026-11-30 16:09:32.324812+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f7e3-7552-97c8-967093179ca6', 'north', 'webhook', '01a22d37-f772-74e5-bd5a-07069854dfab', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 9, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.386908+00', '2026-11-30 16:09:32.386908+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f837-7728-9374-eb9985a18c36', 'north', 'webhook', '01a22d37-f803-7524-9917-d5fe8429df5a', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 10, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.462459+00', '2026-11-30 16:09:32.462459+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f838-70fd-acba-42047ad3d560', 'north', 'webhook', '01a22d37-f803-7524-9917-d5fe8429df5a', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 11, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.462459+00', '2026-11-30 16:09:32.462459+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fa44-7371-92a5-d8ba32cce3a0', 'north', 'webhook', '01a22d37-fa2f-74a2-b76b-b875d829107e', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 12, NULL, 'waiting', 0, '', '2026-11-30 16:09:32.995848+00', '2026-11-30 16:09:32.995848+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fa93-77d7-abdc-6e3ca9f5e3dd', 'north', 'webhook', '01a22d37-fa7c-707b-8339-a94fa65112fa', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 13, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.063288+00', '2026-11-30 16:09:33.063288+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fae6-706f-b94e-0b7f018edc55', 'north', 'webhook', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 14, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.157619+00', '2026-11-30 16:09:33.157619+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fb2b-7727-830e-bca89d1e6a16', 'north', 'webhook', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 15, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.223006+00', '2026-11-30 16:09:33.223006+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fbd3-712c-91f7-ac17ca0b453d', 'north', 'webhook', '01a22d37-fa2f-74a2-b76b-b875d829107e', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 16, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.383007+00', '2026-11-30 16:09:33.383007+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fbd4-7780-8d86-6b150889d2da', 'north', 'webhook', '01a22d37-fa2f-74a2-b76b-b875d829107e', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 17, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.383007+00', '2026-11-30 16:09:33.383007+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fc35-7388-a4fe-c294414c204f', 'north', 'webhook', '01a22d37-fa7c-707b-8339-a94fa65112fa', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 18, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.492787+00', '2026-11-30 16:09:33.492787+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fc36-7299-a5af-ca86615f4234', 'north', 'webhook', '01a22d37-fa7c-707b-8339-a94fa65112fa', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 19, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.492787+00', '2026-11-30 16:09:33.492787+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fc36-7299-a5af-ca883aadbe18', 'north', 'push', '01a22d37-fa7c-707b-8339-a94fa65112fa', NULL, NULL, 1, 'waiting', 0, '', '2026-11-30 16:09:33.492787+00', '2026-11-30 16:09:33.492787+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fc74-72f0-a09f-c7ee376be2ee', 'north', 'webhook', '01a22d37-fa2f-74a2-b76b-b875d829107e', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 20, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.556146+00', '2026-11-30 16:09:33.556146+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fc76-7686-b014-3cf7006d22cf', 'north', 'push', '01a22d37-fa2f-74a2-b76b-b875d829107e', NULL, NULL, 2, 'waiting', 0, '', '2026-11-30 16:09:33.556146+00', '2026-11-30 16:09:33.556146+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fcaf-74b6-ae2c-24e9c818a8e4', 'north', 'webhook', '01a22d37-fa2f-74a2-b76b-b875d829107e', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 21, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.615019+00', '2026-11-30 16:09:33.615019+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fcb0-753a-9c0a-6df3799943fe', 'north', 'push', '01a22d37-fa2f-74a2-b76b-b875d829107e', NULL, NULL, 3, 'waiting', 0, '', '2026-11-30 16:09:33.615019+00', '2026-11-30 16:09:33.615019+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fd18-7425-a6aa-44309c7506f7', 'north', 'webhook', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 22, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.719199+00', '2026-11-30 16:09:33.719199+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fd1b-742c-8938-af31b0f85bdd', 'north', 'webhook', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 23, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.719199+00', '2026-11-30 16:09:33.719199+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fd22-73f1-81c7-fb1fb59897d1', 'north', 'webhook', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 24, NULL, 'waiting', 0, '', '2026-11-30 16:09:33.719199+00', '2026-11-30 16:09:33.719199+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fe33-7337-a8c9-113623f37882', 'north', 'webhook', '01a22d37-fe21-75bf-8a27-0767ebfe5ef8', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 25, NULL, 'waiting', 0, '', '2026-11-30 16:09:34.000765+00', '2026-11-30 16:09:34.000765+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f3a7-7134-ad2f-f9aba3a429ed', 'north', 'webhook', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 1, NULL, 'waiting', 1, 'webhook_failed', '2026-11-30 16:09:31.293426+00', '2026-11-30 16:19:34.103595+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-fbd4-7780-8d86-6b172eadaa8f', 'north', 'push', '01a22d37-fa2f-74a2-b76b-b875d829107e', NULL, NULL, 1, 'waiting', 1, 'push_failed', '2026-11-30 16:09:33.383007+00', '2026-11-30 16:19:34.107409+00', NULL);
INSERT INTO public.deliveries VALUES ('01a22d37-f3ae-724f-9862-dc60d9a34bc8', 'north', 'webhook', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 2, NULL, 'dead', 1, 'webhook_refused', '2026-11-30 16:09:31.293426+00', '2026-11-30 16:10:34.087122+00', '2026-11-30 16:09:34.114917+00');
INSERT INTO public.deliveries VALUES ('01a22d37-f5b3-7528-ba0c-e877881c3eff', 'north', 'webhook', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '01a22d37-eec3-7187-bce9-24b50e5d99f5', 3, NULL, 'delivered', 1, '', '2026-11-30 16:09:31.8234+00', '2026-11-30 16:10:34.090332+00', '2026-11-30 16:09:34.118952+00');


--
-- Data for Name: device_codes; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.device_codes VALUES ('1f9db445455bf5dafb2a64471271370c5e0b48c223196c1548567b3e35477bbc', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:30.359644+00', '2026-11-30 16:24:30.359644+00', '2026-11-30 16:09:30.479922+00');
INSERT INTO public.device_codes VALUES ('03c7fc63bbef3b4242be8bd65a051ff2c1ac5a433acbbd4b9b7cb30e852877b4', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:30.599118+00', '2026-11-30 16:24:30.599118+00', '2026-11-30 16:09:30.71106+00');
INSERT INTO public.device_codes VALUES ('6789e176e9631f1223656c4ed3a8a085d0cfc61d8620eb7b76ae7d142d960f1c', 'south', 'key:8f658a7bfbd5e750', '2026-11-30 16:09:32.534+00', '2026-11-30 16:24:32.534+00', '2026-11-30 16:09:32.632848+00');


--
-- Data for Name: devices; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.devices VALUES ('01a22d37-f083-74f8-9946-06c857daea6a', 'north', 'ward', 'jNmVn5dHW0dZftI1vVb5jcXQHK0CvYxdS9fxUYMkFg4=', '2026-11-30 16:09:30.479922+00', '2026-11-30 16:09:32.023612+00', 'fada-test-1.0.0', NULL);
INSERT INTO public.devices VALUES ('01a22d37-f15b-7301-9425-4341e0e9d5a7', 'north', 'outreach', 'x4T7UEN7zEOmqkB3sfrRkKhiwwiJu2+pn5w+fLcvezw=', '2026-11-30 16:09:30.71106+00', '2026-11-30 16:09:32.428027+00', 'fada-test-1.0.0', NULL);
INSERT INTO public.devices VALUES ('01a22d37-f8e7-763b-9ff0-673d5498fe05', 'south', 'the south''s', 'cvTXkf2PCJcE64Wm/LsjGu07A+x9hwdgWsRZhdMNQJA=', '2026-11-30 16:09:32.632848+00', '2026-11-30 16:09:32.835258+00', 'fada-test-1.0.0', NULL);


--
-- Data for Name: event_counters; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.event_counters VALUES ('south', 2);
INSERT INTO public.event_counters VALUES ('north', 25);


--
-- Data for Name: events; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.events VALUES ('north', 1, 'study.received', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"job_id": null, "instances": 0}', '2026-11-30 16:09:31.293426+00');
INSERT INTO public.events VALUES ('north', 2, 'study.received', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"version": 1, "result_id": "01a22d37-f368-7431-ad89-ab9bb16f572a", "origin": "phone"}', '2026-11-30 16:09:31.293426+00');
INSERT INTO public.events VALUES ('north', 3, 'study.received', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"job_id": "01a22d37-f58f-721f-8c8d-49c9286d252b", "instances": 1}', '2026-11-30 16:09:31.8234+00');
INSERT INTO public.events VALUES ('north', 4, 'study.received', '01a22d37-f32f-7446-85b9-a46c1fc095d7', '{"version": 2, "result_id": "01a22d37-f693-7097-a80c-b7372a57aace", "origin": "phone"}', '2026-11-30 16:09:32.107005+00');
INSERT INTO public.events VALUES ('north', 5, 'study.received', '01a22d37-f6e1-754d-a51b-37112a72b95c', '{"job_id": null, "instances": 0}', '2026-11-30 16:09:32.136223+00');
INSERT INTO public.events VALUES ('north', 6, 'study.received', '01a22d37-f6e1-754d-a51b-37112a72b95c', '{"job_id": "01a22d37-f72f-77a5-8d45-6df926fcb978", "instances": 1}', '2026-11-30 16:09:32.215652+00');
INSERT INTO public.events VALUES ('north', 7, 'study.received', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"job_id": null, "instances": 0}', '2026-11-30 16:09:32.324812+00');
INSERT INTO public.events VALUES ('north', 8, 'study.received', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"version": 1, "result_id": "01a22d37-f778-75b9-8d71-b448670eb0e2", "origin": "phone"}', '2026-11-30 16:09:32.324812+00');
INSERT INTO public.events VALUES ('north', 9, 'study.received', '01a22d37-f772-74e5-bd5a-07069854dfab', '{"version": 2, "result_id": "01a22d37-f7c5-74f5-865e-1d23d2b4f568", "origin": "phone"}', '2026-11-30 16:09:32.386908+00');
INSERT INTO public.events VALUES ('north', 10, 'study.received', '01a22d37-f803-7524-9917-d5fe8429df5a', '{"job_id": null, "instances": 0}', '2026-11-30 16:09:32.462459+00');
INSERT INTO public.events VALUES ('north', 11, 'study.received', '01a22d37-f803-7524-9917-d5fe8429df5a', '{"version": 1, "result_id": "01a22d37-f810-7122-b9ad-019b128642fb", "origin": "phone"}', '2026-11-30 16:09:32.462459+00');
INSERT INTO public.events VALUES ('south', 1, 'study.received', '01a22d37-f993-7627-a6ef-fd5eaeb51832', '{"job_id": null, "instances": 0}', '2026-11-30 16:09:32.884166+00');
INSERT INTO public.events VALUES ('south', 2, 'study.received', '01a22d37-f993-7627-a6ef-fd5eaeb51832', '{"version": 1, "result_id": "01a22d37-f9af-7664-9352-c7ebde97041b", "origin": "phone"}', '2026-11-30 16:09:32.884166+00');
INSERT INTO public.events VALUES ('north', 12, 'study.received', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"job_id": "01a22d37-fa3f-70f7-ad62-4709a48719f2", "instances": 1}', '2026-11-30 16:09:32.995848+00');
INSERT INTO public.events VALUES ('north', 13, 'study.received', '01a22d37-fa7c-707b-8339-a94fa65112fa', '{"job_id": "01a22d37-fa84-7151-b702-67da018f476e", "instances": 1}', '2026-11-30 16:09:33.063288+00');
INSERT INTO public.events VALUES ('north', 14, 'study.received', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '{"job_id": "01a22d37-fae4-7227-a7c3-83cff93cea25", "instances": 1}', '2026-11-30 16:09:33.157619+00');
INSERT INTO public.events VALUES ('north', 15, 'study.received', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', '{"job_id": "01a22d37-fb22-708f-911e-f095e6b4acd0", "instances": 1}', '2026-11-30 16:09:33.223006+00');
INSERT INTO public.events VALUES ('north', 16, 'study.analysing', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"job_id": "01a22d37-fa3f-70f7-ad62-4709a48719f2"}', '2026-11-30 16:09:33.383007+00');
INSERT INTO public.events VALUES ('north', 17, 'study.ready', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 1, "result_id": "01a22d37-fbb3-7243-a4b9-645aa1d3a535", "origin": "hub", "job_id": "01a22d37-fa3f-70f7-ad62-4709a48719f2"}', '2026-11-30 16:09:33.383007+00');
INSERT INTO public.events VALUES ('north', 18, 'study.analysing', '01a22d37-fa7c-707b-8339-a94fa65112fa', '{"job_id": "01a22d37-fa84-7151-b702-67da018f476e"}', '2026-11-30 16:09:33.492787+00');
INSERT INTO public.events VALUES ('north', 19, 'study.ready', '01a22d37-fa7c-707b-8339-a94fa65112fa', '{"version": 1, "result_id": "01a22d37-fc28-7216-8452-891291cef9d9", "origin": "hub", "job_id": "01a22d37-fa84-7151-b702-67da018f476e"}', '2026-11-30 16:09:33.492787+00');
INSERT INTO public.events VALUES ('north', 20, 'study.reviewed', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 2, "result_id": "01a22d37-fc59-73aa-b504-a8e1213e4c00", "origin": "review"}', '2026-11-30 16:09:33.556146+00');
INSERT INTO public.events VALUES ('north', 21, 'study.reviewed', '01a22d37-fa2f-74a2-b76b-b875d829107e', '{"version": 3, "result_id": "01a22d37-fca8-7302-bffd-4011e284a7d4", "origin": "review"}', '2026-11-30 16:09:33.615019+00');
INSERT INTO public.events VALUES ('north', 22, 'study.analysing', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '{"job_id": "01a22d37-fae4-7227-a7c3-83cff93cea25"}', '2026-11-30 16:09:33.719199+00');
INSERT INTO public.events VALUES ('north', 23, 'study.analysing', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', '{"job_id": "01a22d37-fb22-708f-911e-f095e6b4acd0"}', '2026-11-30 16:09:33.719199+00');
INSERT INTO public.events VALUES ('north', 24, 'study.failed', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', '{"job_id": "01a22d37-fae4-7227-a7c3-83cff93cea25", "code": "model_output"}', '2026-11-30 16:09:33.719199+00');
INSERT INTO public.events VALUES ('north', 25, 'study.received', '01a22d37-fe21-75bf-8a27-0767ebfe5ef8', '{"job_id": "01a22d37-fe2f-7488-95cf-220c0b63b400", "instances": 1}', '2026-11-30 16:09:34.000765+00');


--
-- Data for Name: idempotency; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.idempotency VALUES ('north', 'challenge:49215b171bcb427cf70099e502911a7d', 'f7acefb6e65de9c149e585dbc66eb4c6', 0, '\x', '', '2026-11-30 16:13:30.920361+00');
INSERT INTO public.idempotency VALUES ('north', 'challenge:07c7d1d976a33904db3a0e2c26389bfd', 'cfc54d3fedb659098c8710cbe06f1af6', 0, '\x', '', '2026-11-30 16:13:32.262173+00');
INSERT INTO public.idempotency VALUES ('south', 'challenge:d5e9572806f5b39f54dc5cceaa32aa5a', '4ae620affde0fa2ef3d48c3e4e244518', 0, '\x', '', '2026-11-30 16:13:32.771277+00');
INSERT INTO public.idempotency VALUES ('north', '3804506a453d6f47b1fc57416c674ac4936c2fe2dc5f6359356294931e73ebfa', 'dd62c4042008dc8798da5e45686ef5df19d6657f2a1e163ef5e2e8a016eaae3c', 200, '\x7b226974656d73223a5b7b226e616d65223a22696d6167652e706e67222c226163636570746564223a747275652c226e6577223a747275652c2273747564795f6964223a2230316132326433372d666132662d373461322d623736622d623837356438323931303765222c2273747564795f756964223a22322e32352e323231313034363334383434363839303039393838303039323038353835343538343635323338222c22736f705f756964223a22322e32352e313332343630303330363236313336343139383932303535363934343735333235353037363832222c22736861323536223a2239323865623431623862386564613062633664336238653130353961336239653535333965343365353163353830336432653239333064636637303530643531222c226a6f625f6964223a2230316132326433372d666133662d373066372d616436322d343730396134383731396632222c2270726f626c656d223a6e756c6c7d5d2c226163636570746564223a312c2272656675736564223a307d', 'application/json', '2026-12-02 16:09:32.998011+00');
INSERT INTO public.idempotency VALUES ('north', '07819eb14dfcc20d3749a43d56782309aa67d29083b39c5c292d9878a8759ee6', '5295bf87ddd7d66cab94bbfdb1ac2ad74e5f50b0f73b715d10b303c354ad1f72', 200, '\x7b226974656d73223a5b7b226e616d65223a22696d6167652e706e67222c226163636570746564223a747275652c226e6577223a747275652c2273747564795f6964223a2230316132326433372d666137632d373037622d383333392d613934666136353131326661222c2273747564795f756964223a22322e32352e313830313334333633353339313835363630343735373731323834323233353032343338373535222c22736f705f756964223a22322e32352e3430363137353936353031383633363937323536383037353435353132393430333339343738222c22736861323536223a2235343962346233346463326161623032656433636439363037666461613335326465346436323332623034633230666639333136363833383161313033313863222c226a6f625f6964223a2230316132326433372d666138342d373135312d623730322d363764613031386634373665222c2270726f626c656d223a6e756c6c7d5d2c226163636570746564223a312c2272656675736564223a307d', 'application/json', '2026-12-02 16:09:33.077473+00');
INSERT INTO public.idempotency VALUES ('north', '451982748f3f2bcd0cd51ed6aee28c95e21c24ca951f7ba530021441745e646f', 'b98ecd047fe371e8ec3237b73a3c09f467915ecd9374dd962def01498863a79c', 200, '\x7b226974656d73223a5b7b226e616d65223a22696d6167652e706e67222c226163636570746564223a747275652c226e6577223a747275652c2273747564795f6964223a2230316132326433372d666164332d373261302d626365662d333363633437346131666135222c2273747564795f756964223a22322e32352e323336363936333237303331383232303635383633353433313038363534363736383236343839222c22736f705f756964223a22322e32352e323834313231343536383437383838383438353732343834353633313537313232313432323430222c22736861323536223a2234373662323538663661646636326634303565653638353066633230626664663834613332663032613535326337323636306239653339373563323333383865222c226a6f625f6964223a2230316132326433372d666165342d373232372d613763332d383363666639336365613235222c2270726f626c656d223a6e756c6c7d5d2c226163636570746564223a312c2272656675736564223a307d', 'application/json', '2026-12-02 16:09:33.167703+00');
INSERT INTO public.idempotency VALUES ('north', '0b642e0caea6d6e104a6f0b92d28a7e53797d69e56a39bc2948ed70de4479452', 'a54d5b1f2f5cd77d67d06345cc01127fb9952a1f9b2415b2c73bf59a93ecacdc', 200, '\x7b226974656d73223a5b7b226e616d65223a22696d6167652e706e67222c226163636570746564223a747275652c226e6577223a747275652c2273747564795f6964223a2230316132326433372d666231652d373561312d393639642d343462356336353962376261222c2273747564795f756964223a22322e32352e323631343535393631343837393830323936343033393631343732303439323634353432303131222c22736f705f756964223a22322e32352e323633303738363931353339393130363839343233363231393138313536303835333436353136222c22736861323536223a2233323431366333353936663330356536636333613661343131366364323334626563343663363136396330643730333765643639653162376134663562326665222c226a6f625f6964223a2230316132326433372d666232322d373038662d393131652d663039356536623461636430222c2270726f626c656d223a6e756c6c7d5d2c226163636570746564223a312c2272656675736564223a307d', 'application/json', '2026-12-02 16:09:33.236003+00');


--
-- Data for Name: index_identity; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: instances; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.instances VALUES ('01a22d37-f56b-7538-8e35-65d1623f46f5', '01a22d37-f32f-7446-85b9-a46c1fc095d7', 'north', '2.25.87025283178747419749067461199786480176', '2.25.124853539957096016335798672428597178365', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '1ebe5659ba75a4ba001fcda0496638e0849ef581d485dd9a00a9d76a49ff7d16', 5942, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.87025283178747419749067461199786480176"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.124853539957096016335798672428597178365"]}, "00080023": {"vr": "DA", "Value": ["20260301"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00204000": {"vr": "LT", "Value": ["Pixel size given by hand at upload; not read from the image."]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:31.755755+00');
INSERT INTO public.instances VALUES ('01a22d37-f724-75ec-b64b-50db84b196b3', '01a22d37-f6e1-754d-a51b-37112a72b95c', 'north', '2.25.156497819689167117114854113875153765901', '2.25.336664351554557102157340767761526000345', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', 'a8235ec17391ab72d7d6d2675d0d1cdbae5904d87a230383fab04fa8eb2dd6bc', 5724, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.156497819689167117114854113875153765901"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.336664351554557102157340767761526000345"]}, "00080023": {"vr": "DA", "Value": ["20260302"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:32.196922+00');
INSERT INTO public.instances VALUES ('01a22d37-fa36-718a-a63a-b71fb6b7de61', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', '2.25.70861970537729060601947802443486713495', '2.25.132460030626136419892055694475325507682', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '928eb41b8b8eda0bc6d3b8e1059a3b9e5539e43e51c5803d2e2930dcf7050d51', 5722, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.70861970537729060601947802443486713495"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.132460030626136419892055694475325507682"]}, "00080023": {"vr": "DA", "Value": ["20260301"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:32.982979+00');
INSERT INTO public.instances VALUES ('01a22d37-fa83-7485-a48a-ca2dc27527ee', '01a22d37-fa7c-707b-8339-a94fa65112fa', 'north', '2.25.7144072982671039198840893026531251106', '2.25.40617596501863697256807545512940339478', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '549b4b34dc2aab02ed3cd9607fdaa352de4d6232b04c20ff931668381a10318c', 5704, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.7144072982671039198840893026531251106"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.40617596501863697256807545512940339478"]}, "00080023": {"vr": "DA"}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:33.059805+00');
INSERT INTO public.instances VALUES ('01a22d37-fae3-7142-9325-e8ef8d53f2a5', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', 'north', '2.25.212184477261342627041568983567535524906', '2.25.284121456847888848572484563157122142240', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '476b258f6adf62f405ee6850fc20bfdf84a32f02a552c72660b9e3975c23388e', 5724, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.212184477261342627041568983567535524906"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.284121456847888848572484563157122142240"]}, "00080023": {"vr": "DA", "Value": ["20260302"]}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:33.155458+00');
INSERT INTO public.instances VALUES ('01a22d37-fb1f-7010-9dd8-f1bfd9c5be55', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', 'north', '2.25.206442222874521451650664474189407673652', '2.25.263078691539910689423621918156085346516', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '32416c3596f305e6cc3a6a4116cd234bec46c6169c0d7037ed69e1b7a4f5b2fe', 5694, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.206442222874521451650664474189407673652"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.263078691539910689423621918156085346516"]}, "00080023": {"vr": "DA"}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:33.215557+00');
INSERT INTO public.instances VALUES ('01a22d37-fe22-7770-b122-27c1ace7735f', '01a22d37-fe21-75bf-8a27-0767ebfe5ef8', 'north', '2.25.38934332894132909664700902336869130774', '2.25.166982705233197950668988964820656997887', '1.2.840.10008.5.1.4.1.1.6.1', '1.2.840.10008.1.2.1', 'US', '90ec7266894abb62b234af6b89aa2be340ae8201a04b367c8531a0f56ed9fe8a', 5694, 60, 80, 1, '{"00080060": {"vr": "CS", "Value": ["US"]}, "00080070": {"vr": "LO", "Value": ["FADA"]}, "00081090": {"vr": "LO", "Value": ["picture import"]}, "0020000E": {"vr": "UI", "Value": ["2.25.38934332894132909664700902336869130774"]}, "00200011": {"vr": "IS", "Value": [1]}, "00200060": {"vr": "CS"}, "00080008": {"vr": "CS", "Value": ["DERIVED", "PRIMARY", "OBSTETRICAL", "0001"]}, "00080016": {"vr": "UI", "Value": ["1.2.840.10008.5.1.4.1.1.6.1"]}, "00080018": {"vr": "UI", "Value": ["2.25.166982705233197950668988964820656997887"]}, "00080023": {"vr": "DA"}, "00080033": {"vr": "TM"}, "00200013": {"vr": "IS", "Value": [1]}, "00280002": {"vr": "US", "Value": [1]}, "00280004": {"vr": "CS", "Value": ["MONOCHROME2"]}, "00280010": {"vr": "US", "Value": [60]}, "00280011": {"vr": "US", "Value": [80]}, "00280100": {"vr": "US", "Value": [8]}, "00280101": {"vr": "US", "Value": [8]}, "00280102": {"vr": "US", "Value": [7]}, "00280103": {"vr": "US", "Value": [0]}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '2026-11-30 16:09:33.986504+00');


--
-- Data for Name: jobs; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.jobs VALUES ('01a22d37-f58f-721f-8c8d-49c9286d252b', '01a22d37-f32f-7446-85b9-a46c1fc095d7', 'north', 'queued', true, 0, 1000, '2026-11-30 16:09:31.791349+00', '2026-11-30 16:09:32.006985+00', '5039f188a0f842a6bfc3d47b16f951be', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a22d37-f72f-77a5-8d45-6df926fcb978', '01a22d37-f6e1-754d-a51b-37112a72b95c', 'north', 'queued', false, 0, 0, '2026-11-30 16:09:32.207247+00', '2026-11-30 16:09:32.207247+00', '5a0366da555d4187acaf251e31d6425b', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a22d37-fa3f-70f7-ad62-4709a48719f2', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 'done', false, 0, 0, '2026-11-30 16:09:32.991076+00', '2026-11-30 16:09:32.991076+00', '306707168a414eae9b86caf7a424f416', 'test', NULL, '', '', '2026-11-30 16:09:33.363265+00');
INSERT INTO public.jobs VALUES ('01a22d37-fa84-7151-b702-67da018f476e', '01a22d37-fa7c-707b-8339-a94fa65112fa', 'north', 'done', false, 0, 0, '2026-11-30 16:09:33.060438+00', '2026-11-30 16:09:33.060438+00', '19e3338638014a95849e45387bddf0f1', 'test', NULL, '', '', '2026-11-30 16:09:33.480205+00');
INSERT INTO public.jobs VALUES ('01a22d37-fae4-7227-a7c3-83cff93cea25', '01a22d37-fad3-72a0-bcef-33cc474a1fa5', 'north', 'dead', false, 1, 0, '2026-11-30 16:09:33.156318+00', '2026-11-30 16:09:33.156318+00', '4153d6f8a35640588866df5871d63cf8', 'worker', NULL, 'model_output', '', '2026-11-30 16:09:33.685338+00');
INSERT INTO public.jobs VALUES ('01a22d37-fb22-708f-911e-f095e6b4acd0', '01a22d37-fb1e-75a1-969d-44b5c659b7ba', 'north', 'queued', false, 0, 0, '2026-11-30 16:09:33.218948+00', '2026-11-30 16:10:33.708432+00', 'f9c51ded0f614b0dbf5ee97eafe93dd9', NULL, NULL, '', '', NULL);
INSERT INTO public.jobs VALUES ('01a22d37-fe2f-7488-95cf-220c0b63b400', '01a22d37-fe21-75bf-8a27-0767ebfe5ef8', 'north', 'queued', false, 0, 0, '2026-11-30 16:09:33.999217+00', '2026-11-30 16:09:33.999217+00', 'b0d7e83f402f49f590cc6ad12a04b69b', NULL, NULL, '', '', NULL);


--
-- Data for Name: orphans; Type: TABLE DATA; Schema: public; Owner: -
--



--
-- Data for Name: outbox; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.outbox VALUES ('01a22d37-fd0c-74fa-9ff8-59462667e290', 'analyse', '01a22d37-fb22-708f-911e-f095e6b4acd0', '{"job_id": "01a22d37-fb22-708f-911e-f095e6b4acd0", "urgent": false, "request_id": "f9c51ded0f614b0dbf5ee97eafe93dd9"}', '2026-11-30 16:09:33.708099+00', '2026-11-30 16:10:33.708099+00', 0, '');
INSERT INTO public.outbox VALUES ('01a22d37-fe9b-76fe-90e0-cd962901b28f', 'deliver', '01a22d37-f3a7-7134-ad2f-f9aba3a429ed', '{"delivery_id": "01a22d37-f3a7-7134-ad2f-f9aba3a429ed"}', '2026-11-30 16:09:34.107016+00', '2026-11-30 16:19:34.107016+00', 0, '');
INSERT INTO public.outbox VALUES ('01a22d37-fe9e-712f-a2ea-58ba3eb09f16', 'deliver', '01a22d37-fbd4-7780-8d86-6b172eadaa8f', '{"delivery_id": "01a22d37-fbd4-7780-8d86-6b172eadaa8f"}', '2026-11-30 16:09:34.110915+00', '2026-11-30 16:19:34.110915+00', 0, '');


--
-- Data for Name: results; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.results VALUES ('01a22d37-f368-7431-ad89-ab9bb16f572a', '01a22d37-f32f-7446-85b9-a46c1fc095d7', 'north', 1, 'phone', 'device:01a22d37-f083-74f8-9946-06c857daea6a', '2026-11-30 16:09:31.24017+00', '{"study_uid":"2.25.299800796824781170771846398113428606666","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:30.876250Z","frames":[{"series_uid":"2.25.87025283178747419749067461199786480176","sop_uid":"2.25.124853539957096016335798672428597178365","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-f693-7097-a80c-b7372a57aace', '01a22d37-f32f-7446-85b9-a46c1fc095d7', 'north', 2, 'phone', 'device:01a22d37-f083-74f8-9946-06c857daea6a', '2026-11-30 16:09:32.051492+00', '{"study_uid":"2.25.299800796824781170771846398113428606666","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:31.848169Z","frames":[{"series_uid":"2.25.87025283178747419749067461199786480176","sop_uid":"2.25.124853539957096016335798672428597178365","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]},{"series_uid":"2.25.87025283178747419749067461199786480176","sop_uid":"2.25.112132051761349334950381350863276506950","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-f778-75b9-8d71-b448670eb0e2', '01a22d37-f772-74e5-bd5a-07069854dfab', 'north', 1, 'phone', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', '2026-11-30 16:09:32.280352+00', '{"study_uid":"1.2.826.0.1.3680043.8.498.1","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:32.248341Z","frames":[{"series_uid":"2.25.211034170920411837615756592088391604475","sop_uid":"2.25.61302587404377463478205227251546603473","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-f7c5-74f5-865e-1d23d2b4f568', '01a22d37-f772-74e5-bd5a-07069854dfab', 'north', 2, 'phone', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', '2026-11-30 16:09:32.357147+00', '{"study_uid":"1.2.826.0.1.3680043.8.498.1","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:32.334265Z","frames":[{"series_uid":"2.25.68931224633324835041702141686194894138","sop_uid":"2.25.107950339354484236304437714560348221943","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-f810-7122-b9ad-019b128642fb', '01a22d37-f803-7524-9917-d5fe8429df5a', 'north', 1, 'phone', 'device:01a22d37-f15b-7301-9425-4341e0e9d5a7', '2026-11-30 16:09:32.432545+00', '{"study_uid":"1.2.826.0.1.3680043.8.498.1.2","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:32.390520Z","frames":[{"series_uid":"2.25.68931224633324835041702141686194894138","sop_uid":"2.25.172859531113452423347471163942340173203","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-fbb3-7243-a4b9-645aa1d3a535', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 1, 'hub', 'fada-test 1.0.0', '2026-11-30 16:09:33.363209+00', '{"study_uid":"1.2.3","origin":"hub","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:33.296026Z","frames":[{"series_uid":"","sop_uid":"2.25.132460030626136419892055694475325507682","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, '01a22d37-fa3f-70f7-ad62-4709a48719f2', '{}');
INSERT INTO public.results VALUES ('01a22d37-f9af-7664-9352-c7ebde97041b', '01a22d37-f993-7627-a6ef-fd5eaeb51832', 'south', 1, 'phone', 'device:01a22d37-f8e7-763b-9ff0-673d5498fe05', '2026-11-30 16:09:32.847357+00', '{"study_uid":"2.25.75630865422843471928884888386518860243","origin":"phone","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:32.739947Z","frames":[{"series_uid":"2.25.224421210480057754184534190212221112192","sop_uid":"2.25.279565471221835852181994455635505205232","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, NULL, '{}');
INSERT INTO public.results VALUES ('01a22d37-fc28-7216-8452-891291cef9d9', '01a22d37-fa7c-707b-8339-a94fa65112fa', 'north', 1, 'hub', 'fada-test 1.0.0', '2026-11-30 16:09:33.480159+00', '{"study_uid":"1.2.3","origin":"hub","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:33.440574Z","frames":[{"series_uid":"","sop_uid":"2.25.40617596501863697256807545512940339478","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"","skipped":[]}', NULL, '01a22d37-fa84-7151-b702-67da018f476e', '{}');
INSERT INTO public.results VALUES ('01a22d37-fc59-73aa-b504-a8e1213e4c00', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 2, 'review', 'key:c755554aca371d76', '2026-11-30 16:09:33.529678+00', '{"study_uid":"1.2.3","origin":"review","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:33.526614Z","frames":[{"series_uid":"","sop_uid":"2.25.132460030626136419892055694475325507682","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":null,"reviewed_at":null,"comment":"outline moved","skipped":[]}', 1, NULL, '{"interpretation": 1, "annotation": 2}');
INSERT INTO public.results VALUES ('01a22d37-fca8-7302-bffd-4011e284a7d4', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 3, 'review', 'key:c755554aca371d76', '2026-11-30 16:09:33.60839+00', '{"study_uid":"1.2.3","origin":"review","release":{"name":"fada-test","version":"1.0.0","sha256":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"},"created_at":"2026-11-30T16:09:33.603833Z","frames":[{"series_uid":"","sop_uid":"2.25.132460030626136419892055694475325507682","frame":1,"width":80,"height":60,"in_scope":true,"scope_confidence":0.99,"quality":0.9,"plane":{"label":"head","confidence":0.97},"planes":[],"interpretation":{"normality_assessment":"not assessed"},"classification":null,"mapping":null,"structures":[{"label":"fetal_head","confidence":0.98,"box":[16.0,12.0,64.0,48.0],"polygon":[[64.0,30.0],[57.0,43.0],[40.0,48.0],[23.0,43.0],[16.0,30.0],[23.0,17.0],[40.0,12.0],[57.0,17.0]],"mask":null,"area_px":null}],"keypoints":[],"measurements":[{"name":"HC","px":132.51,"mm":26.5,"mm_low":24.2,"mm_high":28.8,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0],[40.0,12.01],[40.0,47.99]]},{"name":"BPD","px":35.97,"mm":7.2,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[40.0,12.01],[40.0,47.99]]},{"name":"OFD","px":47.96,"mm":9.6,"mm_low":null,"mm_high":null,"calibration":"pixel_spacing","method":"ellipse with the moments of the head''s outline","points":[[16.02,30.0],[63.98,30.0]]}],"datings":[],"centiles":[],"abstentions":[],"flags":[]}],"seconds":{},"format":"1.0","reviewed_by":"admin of north","reviewed_at":"2026-11-30T16:09:33.603833Z","comment":"agreed","skipped":[]}', 2, NULL, '{}');


--
-- Data for Name: shares; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.shares VALUES ('01a22d37-fd47-7337-a959-1c503d5e2a3a', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:33.767946+00', '2026-12-29 20:09:33+00', NULL, NULL);
INSERT INTO public.shares VALUES ('01a22d37-fd5b-77a5-a971-e63891470246', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:33.787427+00', '2026-12-03 16:09:33+00', NULL, NULL);
INSERT INTO public.shares VALUES ('01a22d37-fd6e-75b5-a0a9-cafeaffac530', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:33.80608+00', '2026-11-30 16:15:33+00', NULL, NULL);
INSERT INTO public.shares VALUES ('01a22d37-fd84-77c0-af8a-0c960b0ee3d3', '01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', 'key:c755554aca371d76', '2026-11-30 16:09:33.828467+00', '2026-12-03 16:09:33+00', 'key:c755554aca371d76', '2026-11-30 16:09:33.849335+00');


--
-- Data for Name: studies; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.studies VALUES ('01a22d37-f993-7627-a6ef-fd5eaeb51832', 'south', '2.25.75630865422843471928884888386518860243', 'received', 'phone', false, 3.0000000000000027, '[]', -24945204.955823448, '2026-11-30 16:09:32.819288+00', 0, 0, '', 1, 'head', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["2.25.75630865422843471928884888386518860243"]}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Mensah^Ama"}]}, "00100020": {"vr": "LO", "Value": ["P-2"]}, "00080020": {"vr": "DA", "Value": ["20260302"]}}', 'mensah^ama', 'p-2', '', '20260302', '', '', '', '', '', '', 'mensah ama p-2 ', 1, 0);
INSERT INTO public.studies VALUES ('01a22d37-f32f-7446-85b9-a46c1fc095d7', 'north', '2.25.299800796824781170771846398113428606666', 'received', 'phone', true, 1003, '["urgent"]', -24944204.93310161, '2026-11-30 16:09:31.183316+00', 1, 1, '\us\', 2, 'head', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20260301"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}, "00100020": {"vr": "LO", "Value": ["P-1"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.299800796824781170771846398113428606666"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'doe^jane', 'p-1', '', '20260301', '', '', '', '', '', '', 'doe jane p-1 ', 2, 0);
INSERT INTO public.studies VALUES ('01a22d37-f6e1-754d-a51b-37112a72b95c', 'north', '2.25.105024316334234801341419578278475421763', 'received', 'phone', false, 0, '[]', -24945207.94623733, '2026-11-30 16:09:32.129088+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20260302"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Mensah^Ama"}]}, "00100020": {"vr": "LO", "Value": ["P-2"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.105024316334234801341419578278475421763"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'mensah^ama', 'p-2', '', '20260302', '', '', '', '', '', '', 'mensah ama p-2 ', 0, 0);
INSERT INTO public.studies VALUES ('01a22d37-f772-74e5-bd5a-07069854dfab', 'north', '1.2.826.0.1.3680043.8.498.1', 'received', 'phone', true, 1003, '["urgent"]', -24944204.948255777, '2026-11-30 16:09:32.274416+00', 0, 0, '', 2, 'head', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["1.2.826.0.1.3680043.8.498.1"]}}', '', '', '', '', '', '', '', '', '', '', '  ', 2, 0);
INSERT INTO public.studies VALUES ('01a22d37-f803-7524-9917-d5fe8429df5a', 'north', '1.2.826.0.1.3680043.8.498.1.2', 'received', 'phone', false, 3.0000000000000027, '[]', -24945204.950265374, '2026-11-30 16:09:32.419107+00', 0, 0, '', 1, 'head', NULL, '', '{"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}, "0020000D": {"vr": "UI", "Value": ["1.2.826.0.1.3680043.8.498.1.2"]}}', '', '', '', '', '', '', '', '', '', '', '  ', 1, 0);
INSERT INTO public.studies VALUES ('01a22d37-fa7c-707b-8339-a94fa65112fa', 'north', '2.25.180134363539185660475771284223502438755', 'ready', 'web', false, 10, '[]', -24945197.95906243, '2026-11-30 16:09:33.052495+00', 1, 1, '\us\', 1, 'head', NULL, '', '{"00080020": {"vr": "DA"}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Roe^Mary"}]}, "00100020": {"vr": "LO", "Value": ["P-1"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.180134363539185660475771284223502438755"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'roe^mary', 'p-1', '', '', '', '', '', '', '', '', 'roe mary p-1 ', 1, 0);
INSERT INTO public.studies VALUES ('01a22d37-fa2f-74a2-b76b-b875d829107e', 'north', '2.25.221104634844689009988009208585458465238', 'reviewed', 'web', false, 0, '[]', -1024945207.9579875, '2026-11-30 16:09:32.9751+00', 1, 1, '\us\', 3, 'head', NULL, '', '{"00080020": {"vr": "DA", "Value": ["20260301"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]}, "00100020": {"vr": "LO", "Value": ["P-1"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.221104634844689009988009208585458465238"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'doe^jane', 'p-1', '', '20260301', '', '', '', '', '', '', 'doe jane p-1 ', 3, 3);
INSERT INTO public.studies VALUES ('01a22d37-fad3-72a0-bcef-33cc474a1fa5', 'north', '2.25.236696327031822065863543108654676826489', 'failed', 'web', false, 0, '[]', -24945207.96026536, '2026-11-30 16:09:33.139106+00', 1, 1, '\us\', 0, '', NULL, 'model_output', '{"00080020": {"vr": "DA", "Value": ["20260302"]}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Mensah^Ama"}]}, "00100020": {"vr": "LO", "Value": ["P-2"]}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.236696327031822065863543108654676826489"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', 'mensah^ama', 'p-2', '', '20260302', '', '', '', '', '', '', 'mensah ama p-2 ', 0, 0);
INSERT INTO public.studies VALUES ('01a22d37-fb1e-75a1-969d-44b5c659b7ba', 'north', '2.25.261455961487980296403961472049264542011', 'received', 'web', false, 0, '[]', -24945207.96131582, '2026-11-30 16:09:33.214739+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA"}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN"}, "00100020": {"vr": "LO"}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.261455961487980296403961472049264542011"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '', '', '', '', '', '', '', '', '', '', '  ', 0, 0);
INSERT INTO public.studies VALUES ('01a22d37-fe21-75bf-8a27-0767ebfe5ef8', 'north', '2.25.144946565674140679255136754951249671454', 'received', 'tus', false, 0, '[]', -24945207.97202399, '2026-11-30 16:09:33.985727+00', 1, 1, '\us\', 0, '', NULL, '', '{"00080020": {"vr": "DA"}, "00080030": {"vr": "TM"}, "00080050": {"vr": "SH"}, "00080090": {"vr": "PN"}, "00100010": {"vr": "PN"}, "00100020": {"vr": "LO"}, "00100030": {"vr": "DA"}, "00100040": {"vr": "CS"}, "0020000D": {"vr": "UI", "Value": ["2.25.144946565674140679255136754951249671454"]}, "00200010": {"vr": "SH"}, "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}', '', '', '', '', '', '', '', '', '', '', '  ', 0, 0);


--
-- Data for Name: uploads; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.uploads VALUES ('01a22d37-f3df-74b2-8371-e8cc78fd9572', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 4928, 4928, '{"case": "e18b887f-81c0-487f-a599-a75e6ee50eca", "sha256": "0b7186a698ec483a3b6f2e0d7a3f52b674b9a253849b0b0b7fa2c1fd38a4cb5a", "filetype": "image/png"}', '2026-11-30 16:09:31.359616+00', '2026-12-07 16:09:31.351852+00', 'complete', '{"items": [{"name": "", "accepted": true, "new": true, "study_id": "01a22d37-f32f-7446-85b9-a46c1fc095d7", "study_uid": "2.25.299800796824781170771846398113428606666", "sop_uid": "2.25.124853539957096016335798672428597178365", "sha256": "1ebe5659ba75a4ba001fcda0496638e0849ef581d485dd9a00a9d76a49ff7d16", "job_id": "01a22d37-f58f-721f-8c8d-49c9286d252b", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a22d37-f6f4-72f1-9a91-90ef1a2dd269', 'north', 'device:01a22d37-f083-74f8-9946-06c857daea6a', 4928, 4928, '{"case": "4f02f294-0eeb-4b01-8fb7-cdf708d35843", "sha256": "1d4df1b4bf0d01e410541c1356777b81872aabac333f76152457645675d96f61", "filetype": "image/png"}', '2026-11-30 16:09:32.148304+00', '2026-12-07 16:09:32.140492+00', 'complete', '{"items": [{"name": "", "accepted": true, "new": true, "study_id": "01a22d37-f6e1-754d-a51b-37112a72b95c", "study_uid": "2.25.105024316334234801341419578278475421763", "sop_uid": "2.25.336664351554557102157340767761526000345", "sha256": "a8235ec17391ab72d7d6d2675d0d1cdbae5904d87a230383fab04fa8eb2dd6bc", "job_id": "01a22d37-f72f-77a5-8d45-6df926fcb978", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a22d37-fdaf-74ed-b1dc-3f4f3a81850c', 'north', 'key:c755554aca371d76', 4928, 400, '{"filename": "image.png"}', '2026-11-30 16:09:33.871165+00', '2026-12-07 16:09:33.866295+00', 'open', '{}');
INSERT INTO public.uploads VALUES ('01a22d37-fde3-70d7-888c-a2c982299fd0', 'north', 'key:c755554aca371d76', 4928, 4928, '{"filename": "image.png"}', '2026-11-30 16:09:33.923476+00', '2026-12-07 16:09:33.922937+00', 'complete', '{"items": [{"name": "image.png", "accepted": true, "new": true, "study_id": "01a22d37-fe21-75bf-8a27-0767ebfe5ef8", "study_uid": "2.25.144946565674140679255136754951249671454", "sop_uid": "2.25.166982705233197950668988964820656997887", "sha256": "90ec7266894abb62b234af6b89aa2be340ae8201a04b367c8531a0f56ed9fe8a", "job_id": "01a22d37-fe2f-7488-95cf-220c0b63b400", "problem": null}], "accepted": 1, "refused": 0}');
INSERT INTO public.uploads VALUES ('01a22d37-fe4b-73c8-8c51-6c8812d81c13', 'north', 'key:c755554aca371d76', 400, 400, '{"filename": "image.png"}', '2026-11-30 16:09:34.027067+00', '2026-12-07 16:09:34.022969+00', 'failed', '{"items": [{"name": "image.png", "accepted": false, "new": false, "study_id": null, "study_uid": null, "sop_uid": null, "sha256": "1098b6e8f11b47590e6aed419fcd017631a035ea48bc28f41d98f9dda4991d43", "job_id": null, "problem": {"type": "urn:fada:problem:unsupported_media", "title": "This kind of content is not accepted here", "status": 415, "detail": "Send DICOM, PNG, JPEG, or a ZIP archive of these.", "code": "unsupported_media", "request_id": "83525c50dc8c461784371140f57458ab"}}], "accepted": 0, "refused": 1}');


--
-- Data for Name: webhooks; Type: TABLE DATA; Schema: public; Owner: -
--

INSERT INTO public.webhooks VALUES ('01a22d37-eec3-7187-bce9-24b50e5d99f5', 'north', 'https://receiver.example/hook', 'whsec_m0g+RNI95mkYqrhyCNyGY6RASXEfdwiRoDbMPLW4p/Q=', '[]', '2026-11-30 16:09:30.051695+00', false);


--
-- Name: audit_seq_seq; Type: SEQUENCE SET; Schema: public; Owner: -
--

SELECT pg_catalog.setval('public.audit_seq_seq', 34, true);


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
-- Name: case_pictures pk_case_pictures; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_pictures
    ADD CONSTRAINT pk_case_pictures PRIMARY KEY (site, case_id, sha256);


--
-- Name: case_versions pk_case_versions; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_versions
    ADD CONSTRAINT pk_case_versions PRIMARY KEY (site, case_id, number);


--
-- Name: cases pk_cases; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.cases
    ADD CONSTRAINT pk_cases PRIMARY KEY (site, id);


--
-- Name: deliveries pk_deliveries; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.deliveries
    ADD CONSTRAINT pk_deliveries PRIMARY KEY (id);


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
-- Name: index_identity pk_index_identity; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.index_identity
    ADD CONSTRAINT pk_index_identity PRIMARY KEY (number);


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
-- Name: orphans pk_orphans; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.orphans
    ADD CONSTRAINT pk_orphans PRIMARY KEY (site, sha256);


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
-- Name: shares pk_shares; Type: CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shares
    ADD CONSTRAINT pk_shares PRIMARY KEY (id);


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
-- Name: ix_case_versions_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_case_versions_study_id ON public.case_versions USING btree (study_id);


--
-- Name: ix_deliveries_site_state; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_deliveries_site_state ON public.deliveries USING btree (site, state);


--
-- Name: ix_deliveries_state_next_attempt_at; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_deliveries_state_next_attempt_at ON public.deliveries USING btree (state, next_attempt_at);


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
-- Name: ix_shares_study_id; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_shares_study_id ON public.shares USING btree (study_id);


--
-- Name: ix_studies_site_priority_key; Type: INDEX; Schema: public; Owner: -
--

CREATE INDEX ix_studies_site_priority_key ON public.studies USING btree (site, priority_key);


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
-- Name: case_pictures fk_case_pictures_site_case_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_pictures
    ADD CONSTRAINT fk_case_pictures_site_case_id FOREIGN KEY (site, case_id) REFERENCES public.cases(site, id);


--
-- Name: case_versions fk_case_versions_site_case_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_versions
    ADD CONSTRAINT fk_case_versions_site_case_id FOREIGN KEY (site, case_id) REFERENCES public.cases(site, id);


--
-- Name: case_versions fk_case_versions_study_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.case_versions
    ADD CONSTRAINT fk_case_versions_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id);


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
-- Name: shares fk_shares_study_id; Type: FK CONSTRAINT; Schema: public; Owner: -
--

ALTER TABLE ONLY public.shares
    ADD CONSTRAINT fk_shares_study_id FOREIGN KEY (study_id) REFERENCES public.studies(id);


--
-- PostgreSQL database dump complete
--


