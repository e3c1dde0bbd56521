/** RESTCONF (RFC 8040): requests in, responses out. */
package org.secondsite.management.rest;
