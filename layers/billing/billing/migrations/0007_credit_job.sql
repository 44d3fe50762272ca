-- The credit job finds its campaigns without a look at those of the other models, as the seat job does.
CREATE INDEX credit_job_campaigns ON campaigns (id) WHERE is_active AND pricing_model = 'credits';
