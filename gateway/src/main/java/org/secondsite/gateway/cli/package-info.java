/** The command line {@code secondsite}. */
package org.secondsite.gateway.cli;
