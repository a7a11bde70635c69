-- The tables of freno's MySQL backend, in the schema that BackendMySQLSchema names.
-- freno creates missing tables itself if its user has CREATE (and INDEX). Otherwise run this once.
-- Tables made for the original freno can stay as they are; see docs/mysql-backend.md.
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
