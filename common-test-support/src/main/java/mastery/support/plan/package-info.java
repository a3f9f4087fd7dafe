/** Plans of PostgreSQL, MySQL and SQL Server as one tree of nodes, to be asserted on and drawn. */
package mastery.support.plan;
