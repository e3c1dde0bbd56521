/** The way in over HTTPS. */
package org.secondsite.management.io;
