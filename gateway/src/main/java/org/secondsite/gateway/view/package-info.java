/** What the files of two sites should say alike, and where they differ. Pure. */
package org.secondsite.gateway.view;
