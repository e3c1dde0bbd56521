/** Reads configuration files from disk. */
package org.secondsite.config.io;
