/**
 * The words that all modules share: names, addresses, epochs, the ownership record and the frozen settings.
 *
 * <p>Everything here is an immutable value. Files are read by {@code org.secondsite.config.io}.
 */
package org.secondsite.config;
