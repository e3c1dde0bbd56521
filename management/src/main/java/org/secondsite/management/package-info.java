/** What network automation talks to. */
package org.secondsite.management;
