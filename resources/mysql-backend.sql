-- The tables of freno's MySQL backend, in the schema that BackendMySQLSchema names.
-- freno creates missing tables itself if its user has CREATE (and INDEX). Otherwise run this once.
-- Tables made for the original freno can stay as they are; the last four, whose names begin with
-- freno_, are unknown to it. See docs/mysql-backend.md.
--
-- freno's user needs:
--   GRANT SELECT, INSERT, UPDATE, DELETE ON freno_backend.* TO 'freno'@'%';

CREATE TABLE IF NOT EXISTS service_election (
  domain varchar(32) NOT NULL,
  share_domain varchar(32) NOT NULL,
  service_id varchar(128) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (domain),
  KEY share_domain_idx (share_domain, last_seen_active)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

-- Without this table only the list of healthy services is missing.
CREATE TABLE IF NOT EXISTS service_health (
  service_id varchar(128) NOT NULL,
  domain varchar(32) NOT NULL,
  share_domain varchar(32) NOT NULL,
  last_seen_active timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  PRIMARY KEY (service_id),
  KEY last_seen_active_idx (last_seen_active)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS throttled_apps (
  app_name varchar(128) NOT NULL,
  throttled_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  ratio double DEFAULT NULL,
  PRIMARY KEY (app_name),
  KEY expires_at_idx (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

CREATE TABLE IF NOT EXISTS skipped_hosts (
  host_name varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci NOT NULL,
  skipped_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  PRIMARY KEY (host_name),
  KEY expires_at_idx (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

-- Without this table /exempt-app answers 501.
CREATE TABLE IF NOT EXISTS freno_exempted_apps (
  app_name varchar(128) NOT NULL,
  exempted_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  reason varchar(200) DEFAULT NULL,
  owner varchar(200) DEFAULT NULL,
  PRIMARY KEY (app_name),
  KEY expires_at_idx (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

-- Without this table /set-threshold answers 501.
CREATE TABLE IF NOT EXISTS freno_thresholds (
  metric varchar(255) NOT NULL,
  threshold double NOT NULL,
  set_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  expires_at timestamp NULL DEFAULT NULL,
  reason varchar(200) DEFAULT NULL,
  owner varchar(200) DEFAULT NULL,
  PRIMARY KEY (metric),
  KEY expires_at_idx (expires_at)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

-- Reasons and owners of throttled apps and skipped hosts; without this table commands that give
-- them answer 501.
CREATE TABLE IF NOT EXISTS freno_notes (
  kind varchar(16) NOT NULL,
  name varchar(255) NOT NULL,
  noted_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP,
  reason varchar(200) DEFAULT NULL,
  owner varchar(200) DEFAULT NULL,
  PRIMARY KEY (kind, name)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;

-- The last commands, for /events; without this table they are missing there.
CREATE TABLE IF NOT EXISTS freno_commands (
  id bigint unsigned NOT NULL AUTO_INCREMENT,
  given_at timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  kind varchar(32) NOT NULL,
  name varchar(255) NOT NULL,
  ttl_seconds bigint DEFAULT NULL,
  ratio double DEFAULT NULL,
  threshold double DEFAULT NULL,
  every_store tinyint NOT NULL DEFAULT 0,
  client varchar(64) DEFAULT NULL,
  caller varchar(160) DEFAULT NULL,
  node varchar(300) DEFAULT NULL,
  reason varchar(200) DEFAULT NULL,
  owner varchar(200) DEFAULT NULL,
  PRIMARY KEY (id)
) ENGINE = InnoDB DEFAULT CHARACTER SET = utf8mb4 COLLATE = utf8mb4_bin;
