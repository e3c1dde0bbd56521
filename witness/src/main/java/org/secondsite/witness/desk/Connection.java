package org.secondsite.witness.desk;

import org.secondsite.config.SiteId;

/**
 * A client's connection whose certificate has been verified.
 *
 * @param number never twice in the life of a witness process
 * @param certified the common name of the client's certificate
 * @param from where it comes from, for the log
 */
public record Connection(long number, SiteId certified, String from) {}
