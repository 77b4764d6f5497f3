BEGIN TRANSACTION;
CREATE TABLE application_versions (
    version_id TEXT NOT NULL PRIMARY KEY,
    version_name TEXT NOT NULL UNIQUE,
    version_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL);
INSERT INTO "application_versions" VALUES('c46a7ecc-3a18-43a6-ae48-28b3a82aa017','1',1795647082000,1795647082000,'proactive');
CREATE TABLE dbos_migrations (version INTEGER NOT NULL PRIMARY KEY);
INSERT INTO "dbos_migrations" VALUES(125);
CREATE TABLE history (
	line_id INTEGER NOT NULL, 
	request_id VARCHAR(64), 
	event VARCHAR(16) NOT NULL, 
	at DOUBLE NOT NULL, 
	detail TEXT NOT NULL, 
	link TEXT NOT NULL, 
	posted_ts VARCHAR(32) NOT NULL, 
	PRIMARY KEY (line_id), 
	FOREIGN KEY(request_id) REFERENCES requests (request_id)
);
INSERT INTO "history" VALUES(1,'V00CHECKING','asked',1795510800.0,'','','-');
INSERT INTO "history" VALUES(2,'V00CHECKING','found',1795510800.0,'Found.','','1790000000.000300');
INSERT INTO "history" VALUES(3,'V01REFUSED','asked',1795510860.0,'','','-');
INSERT INTO "history" VALUES(4,'V01REFUSED','found',1795510860.0,'Found.','','1790000001.000300');
INSERT INTO "history" VALUES(5,'V02SCHEDULED','asked',1795510920.0,'','','-');
INSERT INTO "history" VALUES(6,'V02SCHEDULED','found',1795510920.0,'Found.','','1790000002.000300');
INSERT INTO "history" VALUES(7,'V03SENDING','asked',1795510980.0,'','','-');
INSERT INTO "history" VALUES(8,'V03SENDING','found',1795510980.0,'Found.','','1790000003.000300');
INSERT INTO "history" VALUES(9,'V04ACCEPTED','asked',1795511040.0,'','','-');
INSERT INTO "history" VALUES(10,'V04ACCEPTED','found',1795511040.0,'Found.','','1790000004.000300');
INSERT INTO "history" VALUES(11,'V05WAITING','asked',1795511100.0,'','','-');
INSERT INTO "history" VALUES(12,'V05WAITING','found',1795511100.0,'Found.','','1790000005.000300');
INSERT INTO "history" VALUES(13,'V06DELIVERED','asked',1795511160.0,'','','-');
INSERT INTO "history" VALUES(14,'V06DELIVERED','found',1795511160.0,'Found.','','1790000006.000300');
INSERT INTO "history" VALUES(15,'V07READ','asked',1795511220.0,'','','-');
INSERT INTO "history" VALUES(16,'V07READ','found',1795511220.0,'Found.','','1790000007.000300');
INSERT INTO "history" VALUES(17,'V08REPLIED','asked',1795511280.0,'','','-');
INSERT INTO "history" VALUES(18,'V08REPLIED','found',1795511280.0,'Found.','','1790000008.000300');
INSERT INTO "history" VALUES(19,'V09FAILED','asked',1795511340.0,'','','-');
INSERT INTO "history" VALUES(20,'V09FAILED','found',1795511340.0,'Found.','','1790000009.000300');
INSERT INTO "history" VALUES(21,'V10UNCERTAIN','asked',1795511400.0,'','','-');
INSERT INTO "history" VALUES(22,'V10UNCERTAIN','found',1795511400.0,'Found.','','1790000010.000300');
INSERT INTO "history" VALUES(23,'V11EXPIRED','asked',1795511460.0,'','','-');
INSERT INTO "history" VALUES(24,'V11EXPIRED','found',1795511460.0,'Found.','','1790000011.000300');
INSERT INTO "history" VALUES(25,'V12CANCELLED','asked',1795511520.0,'','','-');
INSERT INTO "history" VALUES(26,'V12CANCELLED','found',1795511520.0,'Found.','','1790000012.000300');
INSERT INTO "history" VALUES(27,'V20SCHEDULED','asked',1795512000.0,'','','-');
INSERT INTO "history" VALUES(28,'V20SCHEDULED','found',1795512000.0,'Found.','','1790000020.000300');
INSERT INTO "history" VALUES(29,'V06DELIVERED','delivered',1.79564708283005189893e+09,'','','');
CREATE TABLE notifications (
    message_uuid TEXT NOT NULL DEFAULT (hex(randomblob(16))) PRIMARY KEY,
    destination_uuid TEXT NOT NULL,
    topic TEXT,
    message TEXT NOT NULL,
    created_at_epoch_ms INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000), "serialization" TEXT DEFAULT NULL, "consumed" BOOLEAN NOT NULL DEFAULT FALSE, consumed_by_function_id INTEGER,
    FOREIGN KEY (destination_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE "operation_outputs" (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    function_name TEXT NOT NULL DEFAULT '',
    output TEXT,
    error TEXT,
    child_workflow_id TEXT,
    started_at_epoch_ms INTEGER,
    completed_at_epoch_ms INTEGER,
    serialization TEXT,
    application_name TEXT DEFAULT NULL,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    PRIMARY KEY (workflow_uuid, function_id)
);
CREATE TABLE postings (
	request_id VARCHAR(64) NOT NULL, 
	what VARCHAR(32) NOT NULL, 
	since DOUBLE NOT NULL, 
	PRIMARY KEY (request_id, what), 
	FOREIGN KEY(request_id) REFERENCES requests (request_id)
);
INSERT INTO "postings" VALUES('V06DELIVERED','line 99',1.7956470828312768936e+09);
CREATE TABLE queues (
    queue_id TEXT PRIMARY KEY DEFAULT (hex(randomblob(16))),
    name TEXT NOT NULL UNIQUE,
    concurrency INTEGER,
    worker_concurrency INTEGER,
    rate_limit_max INTEGER,
    rate_limit_period_sec REAL,
    priority_enabled BOOLEAN NOT NULL DEFAULT FALSE,
    partition_queue BOOLEAN NOT NULL DEFAULT FALSE,
    polling_interval_sec REAL NOT NULL DEFAULT 1.0,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
, "application_name" TEXT DEFAULT NULL, "partition_concurrency" INTEGER DEFAULT NULL, "partition_worker_concurrency" INTEGER DEFAULT NULL, "partition_rate_limit_max" INTEGER DEFAULT NULL, "partition_rate_limit_period_sec" REAL DEFAULT NULL);
INSERT INTO "queues" VALUES('18FE7611FB2600A6AA97AD48CC62A3F3','delivery',NULL,8,NULL,NULL,1,0,0.1,1795647082000,1795647082674,'proactive',NULL,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('2827124D327FB3EE91BBC9C678388610','thread',NULL,8,NULL,NULL,1,1,0.1,1795647082000,1795647082682,'proactive',1,NULL,NULL,NULL);
INSERT INTO "queues" VALUES('A9F20035CB17FE6F13F63058455B9416','read-back',NULL,4,NULL,NULL,1,0,0.1,1795647082000,1795647082685,'proactive',NULL,NULL,NULL,NULL);
CREATE TABLE rate_budget (
	row_id INTEGER NOT NULL, 
	seen DOUBLE NOT NULL, 
	due DOUBLE NOT NULL, 
	paused_until DOUBLE NOT NULL, 
	pushed DOUBLE NOT NULL, 
	allowed INTEGER NOT NULL, 
	window_ends DOUBLE NOT NULL, 
	remaining INTEGER NOT NULL, 
	PRIMARY KEY (row_id)
);
INSERT INTO "rate_budget" VALUES(1,0.0,0.0,0.0,0.0,2147483647,0.0,2147483647);
CREATE TABLE requests (
	request_id VARCHAR(64) NOT NULL, 
	team_id VARCHAR(32) NOT NULL, 
	channel_id VARCHAR(32) NOT NULL, 
	thread_ts VARCHAR(32) NOT NULL, 
	response_url TEXT NOT NULL, 
	agent_id VARCHAR(32) NOT NULL, 
	agent_name TEXT NOT NULL, 
	identity_kind VARCHAR(8) NOT NULL, 
	identity_value TEXT NOT NULL, 
	text TEXT NOT NULL, 
	into_open_conversation BOOLEAN NOT NULL, 
	chosen_contact_id VARCHAR(64) NOT NULL, 
	created_at DOUBLE NOT NULL, 
	send_at DOUBLE, 
	send_before DOUBLE, 
	state VARCHAR(16) NOT NULL, 
	reason TEXT NOT NULL, 
	checked_at DOUBLE, 
	contact_id VARCHAR(64) NOT NULL, 
	contact_ids JSON NOT NULL, 
	send_to_id VARCHAR(64) NOT NULL, 
	customer_name TEXT NOT NULL, 
	sending_at DOUBLE, 
	message_id VARCHAR(64) NOT NULL, 
	conversation_id VARCHAR(64) NOT NULL, 
	watch_until DOUBLE, 
	next_look_at DOUBLE, 
	looks INTEGER NOT NULL, 
	card_channel VARCHAR(32) NOT NULL, 
	card_ts VARCHAR(32) NOT NULL, 
	card_state VARCHAR(16) NOT NULL, 
	outcome_ts VARCHAR(32) NOT NULL, 
	PRIMARY KEY (request_id)
);
INSERT INTO "requests" VALUES('V00CHECKING','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of checking',0,'',1795510800.0,NULL,NULL,'checking','',NULL,'','[]','','',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000000.000200','checking','');
INSERT INTO "requests" VALUES('V01REFUSED','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of refused',1,'',1795510860.0,NULL,NULL,'refused','Genesys Cloud refused it.',NULL,'','[]','','',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000001.000200','refused','');
INSERT INTO "requests" VALUES('V02SCHEDULED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of scheduled',0,'',1795510920.0,1800694800.0,NULL,'scheduled','',1795510800.0,'000000000000000000000000000000000002','["000000000000000000000000000000000002", "000000000000000000000000000000000102"]','000000000000000000000000000000000102','Jane Doe',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000002.000200','scheduled','');
INSERT INTO "requests" VALUES('V03SENDING','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of sending',1,'',1795510980.0,NULL,NULL,'sending','',1795510800.0,'000000000000000000000000000000000003','["000000000000000000000000000000000003", "000000000000000000000000000000000103"]','000000000000000000000000000000000103','Jane Doe',1795510980.0,'','',NULL,NULL,0,'C0SUPPORT','1790000003.000200','sending','');
INSERT INTO "requests" VALUES('V04ACCEPTED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of accepted',0,'',1795511040.0,NULL,NULL,'accepted','',1795510800.0,'000000000000000000000000000000000004','["000000000000000000000000000000000004", "000000000000000000000000000000000104"]','000000000000000000000000000000000104','Jane Doe',1795511040.0,'m00000000000000000000000000000000004','c00000000000000000000000000000000004',1795770000.0,1795512840.0,3,'C0SUPPORT','1790000004.000200','accepted','');
INSERT INTO "requests" VALUES('V05WAITING','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of waiting',1,'',1795511100.0,NULL,NULL,'waiting','',1795510800.0,'000000000000000000000000000000000005','["000000000000000000000000000000000005", "000000000000000000000000000000000105"]','000000000000000000000000000000000105','Jane Doe',1795511100.0,'m00000000000000000000000000000000005','c00000000000000000000000000000000005',1795770000.0,1795512900.0,3,'C0SUPPORT','1790000005.000200','waiting','');
INSERT INTO "requests" VALUES('V06DELIVERED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of delivered',0,'',1795511160.0,NULL,NULL,'delivered','',1795510800.0,'000000000000000000000000000000000006','["000000000000000000000000000000000006", "000000000000000000000000000000000106"]','000000000000000000000000000000000106','Jane Doe',1795511160.0,'m00000000000000000000000000000000006','c00000000000000000000000000000000006',1795770000.0,1795512960.0,3,'C0SUPPORT','1790000006.000200','delivered','');
INSERT INTO "requests" VALUES('V07READ','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of read',1,'',1795511220.0,NULL,NULL,'read','',1795510800.0,'000000000000000000000000000000000007','["000000000000000000000000000000000007", "000000000000000000000000000000000107"]','000000000000000000000000000000000107','Jane Doe',1795511220.0,'m00000000000000000000000000000000007','c00000000000000000000000000000000007',1795770000.0,1795513020.0,3,'C0SUPPORT','1790000007.000200','read','');
INSERT INTO "requests" VALUES('V08REPLIED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of replied',0,'',1795511280.0,NULL,NULL,'replied','',1795510800.0,'000000000000000000000000000000000008','["000000000000000000000000000000000008", "000000000000000000000000000000000108"]','000000000000000000000000000000000108','Jane Doe',1795511280.0,'m00000000000000000000000000000000008','c00000000000000000000000000000000008',1795770000.0,NULL,0,'C0SUPPORT','1790000008.000200','replied','');
INSERT INTO "requests" VALUES('V09FAILED','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of failed',1,'',1795511340.0,NULL,NULL,'failed','Genesys Cloud refused it.',1795510800.0,'000000000000000000000000000000000009','["000000000000000000000000000000000009", "000000000000000000000000000000000109"]','000000000000000000000000000000000109','Jane Doe',1795511340.0,'m00000000000000000000000000000000009','c00000000000000000000000000000000009',1795770000.0,NULL,0,'C0SUPPORT','1790000009.000200','failed','');
INSERT INTO "requests" VALUES('V10UNCERTAIN','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of uncertain',0,'',1795511400.0,NULL,NULL,'uncertain','',1795510800.0,'000000000000000000000000000000000010','["000000000000000000000000000000000010", "000000000000000000000000000000000110"]','000000000000000000000000000000000110','Jane Doe',1795511400.0,'','',NULL,NULL,0,'C0SUPPORT','1790000010.000200','uncertain','');
INSERT INTO "requests" VALUES('V11EXPIRED','T0TEAM','C0SUPPORT','1790000000.000100','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of expired',1,'',1795511460.0,NULL,NULL,'expired','',1795510800.0,'000000000000000000000000000000000011','["000000000000000000000000000000000011", "000000000000000000000000000000000111"]','000000000000000000000000000000000111','Jane Doe',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000011.000200','expired','');
INSERT INTO "requests" VALUES('V12CANCELLED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Email','jane@example.com','Text of cancelled',0,'',1795511520.0,NULL,NULL,'cancelled','',1795510800.0,'000000000000000000000000000000000012','["000000000000000000000000000000000012", "000000000000000000000000000000000112"]','000000000000000000000000000000000112','Jane Doe',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000012.000200','cancelled','');
INSERT INTO "requests" VALUES('V20SCHEDULED','T0TEAM','C0SUPPORT','','https://hooks.slack.com/commands/T/1/secret','U0ADA','Ada Agent','Phone','+442079460018','Text of scheduled',0,'',1795512000.0,1795510800.0,NULL,'scheduled','',1795510800.0,'000000000000000000000000000000000020','["000000000000000000000000000000000020", "000000000000000000000000000000000120"]','000000000000000000000000000000000120','Jane Doe',NULL,'','',NULL,NULL,0,'C0SUPPORT','1790000020.000200','scheduled','');
CREATE TABLE streams (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    "offset" INTEGER NOT NULL, function_id INTEGER NOT NULL DEFAULT 0, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key, "offset"),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events (
    workflow_uuid TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid) 
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_events_history (
    workflow_uuid TEXT NOT NULL,
    function_id INTEGER NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL, "serialization" TEXT DEFAULT NULL,
    PRIMARY KEY (workflow_uuid, function_id, key),
    FOREIGN KEY (workflow_uuid) REFERENCES workflow_status(workflow_uuid)
        ON UPDATE CASCADE ON DELETE CASCADE
);
CREATE TABLE workflow_input (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    inputs TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
INSERT INTO "workflow_input" VALUES('deliver:V00CHECKING:0','{"namedArgs":{},"positionalArgs":["V00CHECKING",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy0:0','{"namedArgs":{},"positionalArgs":["Vbusy0",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy1:0','{"namedArgs":{},"positionalArgs":["Vbusy1",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy2:0','{"namedArgs":{},"positionalArgs":["Vbusy2",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy3:0','{"namedArgs":{},"positionalArgs":["Vbusy3",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy4:0','{"namedArgs":{},"positionalArgs":["Vbusy4",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy5:0','{"namedArgs":{},"positionalArgs":["Vbusy5",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:Vbusy6:0','{"namedArgs":{},"positionalArgs":["Vbusy6",0]}',1795647082000);
INSERT INTO "workflow_input" VALUES('deliver:V20SCHEDULED:0','{"namedArgs":{},"positionalArgs":["V20SCHEDULED",0]}',1795647083000);
INSERT INTO "workflow_input" VALUES('deliver:V02SCHEDULED:1:ac2cf9cabb434d2198a5c3ebce42e0c4','{"namedArgs":{},"positionalArgs":["V02SCHEDULED",1]}',1795647083000);
INSERT INTO "workflow_input" VALUES('read_back:V03SENDING:0:4521583c809e4611b596100b73cdbed0','{"namedArgs":{},"positionalArgs":["V03SENDING",0]}',1795647083000);
INSERT INTO "workflow_input" VALUES('publish:V06DELIVERED:0:06757b0a2b3f4245a5b36d85548d2224','{"namedArgs":{},"positionalArgs":["V06DELIVERED",0]}',1795647083000);
CREATE TABLE workflow_output (
    workflow_uuid TEXT NOT NULL PRIMARY KEY,
    output TEXT,
    error TEXT,
    retention_timestamp INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000)
);
CREATE TABLE workflow_schedules (
    schedule_id TEXT PRIMARY KEY,
    schedule_name TEXT NOT NULL UNIQUE,
    workflow_name TEXT NOT NULL,
    workflow_class_name TEXT,
    schedule TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'ACTIVE',
    context TEXT NOT NULL
, "last_fired_at" TEXT DEFAULT NULL, "automatic_backfill" BOOLEAN NOT NULL DEFAULT FALSE, "cron_timezone" TEXT DEFAULT NULL, "queue_name" TEXT DEFAULT NULL, "application_name" TEXT DEFAULT NULL);
CREATE TABLE workflow_status (
    workflow_uuid TEXT PRIMARY KEY,
    status TEXT,
    name TEXT,
    authenticated_user TEXT,
    assumed_role TEXT,
    authenticated_roles TEXT,
    request TEXT,
    output TEXT,
    error TEXT,
    executor_id TEXT,
    created_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    updated_at INTEGER NOT NULL DEFAULT (strftime('%s','now') * 1000),
    application_version TEXT,
    application_id TEXT,
    class_name TEXT DEFAULT NULL,
    config_name TEXT DEFAULT NULL,
    recovery_attempts INTEGER DEFAULT 0,
    queue_name TEXT,
    workflow_timeout_ms INTEGER,
    workflow_deadline_epoch_ms INTEGER,
    inputs TEXT,
    started_at_epoch_ms INTEGER,
    deduplication_id TEXT,
    priority INTEGER NOT NULL DEFAULT 0
, queue_partition_key TEXT, forked_from TEXT, "owner_xid" TEXT DEFAULT NULL, "parent_workflow_id" TEXT DEFAULT NULL, "serialization" TEXT DEFAULT NULL, "delay_until_epoch_ms" BIGINT DEFAULT NULL, "was_forked_from" BOOLEAN NOT NULL DEFAULT FALSE, "rate_limited" BOOLEAN NOT NULL DEFAULT FALSE, "completed_at" BIGINT, "attributes" TEXT, "schedule_name" TEXT, "debounce_deadline_epoch_ms" BIGINT DEFAULT NULL, "is_debounced" BOOLEAN NOT NULL DEFAULT FALSE, "application_name" TEXT DEFAULT NULL, "creator_xid" TEXT DEFAULT NULL);
INSERT INTO "workflow_status" VALUES('deliver:V00CHECKING:0','PENDING','deliver',NULL,NULL,NULL,NULL,NULL,NULL,'w0',1795647082000,1795647082000,'1',NULL,NULL,NULL,1,'delivery',NULL,NULL,NULL,1795647082000,NULL,28285200,NULL,NULL,'a59d1e88-d81e-40a8-8f3f-43361a0ab575',NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'proactive','8bb134a5-25af-42b6-9fea-13ad9f418022');
INSERT INTO "workflow_status" VALUES('deliver:V20SCHEDULED:0','ENQUEUED','deliver',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795647083000,1795647083000,'1',NULL,NULL,NULL,0,'delivery',NULL,NULL,NULL,NULL,NULL,28285200,NULL,NULL,NULL,NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'proactive','63d0f352-7718-45cc-a683-7002df00db88');
INSERT INTO "workflow_status" VALUES('deliver:V02SCHEDULED:1:ac2cf9cabb434d2198a5c3ebce42e0c4','DELAYED','deliver',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795647083000,1795647083000,'1',NULL,NULL,NULL,0,'delivery',NULL,NULL,NULL,NULL,NULL,28285200,NULL,NULL,NULL,NULL,'portable_json',1800831083888,0,0,NULL,'null',NULL,NULL,0,'proactive','bb6e8162-6011-45ed-a1a7-e4cf5b8e023d');
INSERT INTO "workflow_status" VALUES('read_back:V03SENDING:0:4521583c809e4611b596100b73cdbed0','DELAYED','read_back',NULL,NULL,NULL,NULL,NULL,NULL,NULL,1795647083000,1795647083000,'1',NULL,NULL,NULL,0,'read-back',NULL,NULL,NULL,NULL,NULL,0,NULL,NULL,NULL,NULL,'portable_json',1795650683888,0,0,NULL,'null',NULL,NULL,0,'proactive','b5096db3-5c33-4c27-9a78-2b29febd26c0');
INSERT INTO "workflow_status" VALUES('publish:V06DELIVERED:0:06757b0a2b3f4245a5b36d85548d2224','PENDING','publish',NULL,NULL,NULL,NULL,NULL,NULL,'w0',1795647083000,1795647083000,'1',NULL,NULL,NULL,1,'thread',NULL,NULL,NULL,1795647083000,NULL,0,'V06DELIVERED',NULL,'769a4181-7a46-4f5c-8d49-5d9897e5ccfe',NULL,'portable_json',NULL,0,0,NULL,'null',NULL,NULL,0,'proactive','5f060bbc-7b89-4a15-a089-b4616eb785c9');
CREATE INDEX ix_requests_next_look_at ON requests (next_look_at);
CREATE INDEX ix_requests_conversation_id ON requests (conversation_id);
CREATE INDEX ix_requests_contact_id ON requests (contact_id);
CREATE INDEX ix_requests_state ON requests (state);
CREATE INDEX ix_history_request_id ON history (request_id);
CREATE INDEX workflow_status_created_at_index ON workflow_status (created_at);
CREATE INDEX idx_workflow_topic ON notifications (destination_uuid, topic);
CREATE INDEX "idx_workflow_status_delayed" ON "workflow_status" ("delay_until_epoch_ms") WHERE status = 'DELAYED';
CREATE INDEX "idx_workflow_status_forked_from" ON "workflow_status" ("forked_from") WHERE "forked_from" IS NOT NULL;
CREATE INDEX "idx_workflow_status_parent_workflow_id" ON "workflow_status" ("parent_workflow_id") WHERE "parent_workflow_id" IS NOT NULL;
CREATE UNIQUE INDEX "uq_workflow_status_dedup_id" ON "workflow_status" ("queue_name", "deduplication_id") WHERE "deduplication_id" IS NOT NULL;
CREATE INDEX "idx_workflow_status_pending" ON "workflow_status" ("created_at") WHERE "status" = 'PENDING';
CREATE INDEX "idx_workflow_status_failed" ON "workflow_status" ("status", "created_at") WHERE "status" IN ('ERROR', 'CANCELLED', 'MAX_RECOVERY_ATTEMPTS_EXCEEDED');
CREATE INDEX "idx_workflow_status_rate_limited" ON "workflow_status" ("queue_name", "started_at_epoch_ms") WHERE "rate_limited" = TRUE;
CREATE INDEX "idx_workflow_status_completed_at" ON "workflow_status" ("completed_at") WHERE "completed_at" IS NOT NULL;
CREATE INDEX "idx_workflow_status_started_at" ON "workflow_status" ("started_at_epoch_ms") WHERE "started_at_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_workflow_status_schedule_name" ON "workflow_status" ("schedule_name") WHERE "schedule_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_owner_version"
    ON application_versions ("application_name", "version_name")
    WHERE "application_name" IS NOT NULL;
CREATE UNIQUE INDEX "uq_application_versions_unclaimed_version"
    ON application_versions ("version_name")
    WHERE "application_name" IS NULL;
CREATE INDEX idx_workflow_input_retention
    ON workflow_input (retention_timestamp);
CREATE INDEX idx_workflow_output_retention
    ON workflow_output (retention_timestamp);
CREATE INDEX idx_operation_outputs_retention
    ON operation_outputs (retention_timestamp);
CREATE INDEX "idx_workflow_status_in_flight_v2" ON "workflow_status" ("queue_name", "status", "priority", "created_at", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING');
CREATE INDEX "idx_workflow_status_partition_dequeue_v3" ON "workflow_status" ("queue_name", "status", "queue_partition_key", "priority", "created_at", "workflow_uuid", "application_name") WHERE "status" IN ('ENQUEUED', 'PENDING') AND "queue_partition_key" IS NOT NULL;
CREATE INDEX "idx_operation_outputs_completed_at_function_name_v2" ON "operation_outputs" ("completed_at_epoch_ms", "function_name", "application_name");
CREATE INDEX "idx_workflow_status_deadline" ON "workflow_status" ("workflow_deadline_epoch_ms") WHERE "status" IN ('ENQUEUED', 'PENDING', 'DELAYED') AND "workflow_deadline_epoch_ms" IS NOT NULL;
CREATE INDEX "idx_application_versions_timestamp" ON "application_versions" ("version_timestamp" DESC);
CREATE INDEX "idx_application_versions_owner_timestamp" ON "application_versions" ("application_name", "version_timestamp" DESC);
COMMIT;
